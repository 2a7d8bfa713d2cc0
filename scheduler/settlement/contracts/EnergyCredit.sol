// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/**
 * EnergyCredit: what job fees are held in and providers are paid with. One credit is 10^6 base units.
 *
 * Only the treasury (MINTER_ROLE) mints, against fees it has taken in. EnergyRewards mints nothing: it can only pay
 * out credits that were put into it, so that its promises are custody and not emission.
 */
contract EnergyCredit is ERC20, AccessControl {
    bytes32 public constant MINTER_ROLE = keccak256("MINTER_ROLE");

    constructor(address treasury) ERC20("Sunward Energy Credit", "SUN") {
        _grantRole(DEFAULT_ADMIN_ROLE, treasury);
        _grantRole(MINTER_ROLE, treasury);
    }

    function mint(address to, uint256 amount) external onlyRole(MINTER_ROLE) {
        _mint(to, amount);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
