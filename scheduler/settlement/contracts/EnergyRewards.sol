// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/**
 * EnergyRewards: holds credits, takes one Merkle-sum root per settled period, pays claims against the newest.
 *
 * Every amount in a root is cumulative since the beginning, so that a new root replaces the old one, may delay a
 * payment and can never claw one back. Errors name the law they keep. Leaves bind this chain and this contract.
 */
contract EnergyRewards is AccessControl {
    using SafeERC20 for IERC20;

    /** A sibling on the way from a leaf to the root: its hash and the sum of all amounts below it. */
    struct SumNode {
        bytes32 hash;
        uint256 sum;
    }

    bytes32 public constant SETTLER_ROLE = keccak256("SETTLER_ROLE");
    /** Tags differ, so that an inner node can never be presented as a leaf. */
    bytes32 public constant LEAF_TAG = keccak256("sunward/settlement/leaf/1");
    bytes32 public constant NODE_TAG = keccak256("sunward/settlement/node/1");

    IERC20 public immutable TOKEN;
    /** Most reward, in token base units, that one certified Wh can back. */
    uint256 public immutable REWARD_PER_WH_MAX;

    /** Newest settled period; 0 when none. */
    uint256 public period;
    bytes32 public root;
    /** All since the beginning: credits put in, promised by the newest root, paid out. */
    uint256 public funded;
    uint256 public promised;
    uint256 public paid;
    /** The part of `promised` that is energy reward, and the certified Wh behind it. */
    uint256 public rewards;
    uint256 public certifiedWh;
    mapping(address account => uint256) public claimed;
    /** keccak256(period, root, total, rewards, Wh, hash of the leaf file) of every settled period. */
    mapping(uint256 period => bytes32) public commitmentOf;

    event Funded(address indexed from, uint256 amount, uint256 funded);
    event Settled(
        uint256 indexed period,
        bytes32 indexed root,
        uint256 cumulativeTotal,
        uint256 cumulativeRewards,
        uint256 cumulativeCertifiedWh,
        bytes32 leavesHash
    );
    event Claimed(address indexed account, uint256 amount, uint256 cumulative);

    error NotConsecutive(uint256 period, uint256 expected);
    error EmptyRoot();
    error Law4Backing(uint256 cumulativeRewards, uint256 backed);
    error Law4RewardsAboveTotal(uint256 cumulativeRewards, uint256 cumulativeTotal);
    error Law6Unfunded(uint256 cumulativeTotal, uint256 funded);
    error Law6Unpromised(uint256 paid, uint256 promised);
    error Law6Balance(uint256 balance, uint256 owed);
    error Law7Shrunken(uint256 found, uint256 before);
    error Law7RootMoved(bytes32 expected, bytes32 current);
    error Law7NotInTree(address account, uint256 cumulative);
    error Law8LeavesUnpublished();

    constructor(address admin, IERC20 token, uint256 rewardPerWhMax) {
        TOKEN = token;
        REWARD_PER_WH_MAX = rewardPerWhMax;
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _grantRole(SETTLER_ROLE, admin);
    }

    /** Puts credits in; anyone may. Counts what arrived, not what was announced. */
    function fund(uint256 amount) external {
        TOKEN.safeTransferFrom(msg.sender, address(this), amount);
        funded = TOKEN.balanceOf(address(this)) + paid;
        emit Funded(msg.sender, amount, funded);
    }

    /** Replaces the root by that of the next period. */
    function settle(
        uint256 period_,
        bytes32 root_,
        uint256 cumulativeTotal,
        uint256 cumulativeRewards,
        uint256 cumulativeCertifiedWh,
        bytes32 leavesHash
    ) external onlyRole(SETTLER_ROLE) {
        if (period_ != period + 1) revert NotConsecutive(period_, period + 1);
        if (root_ == 0) revert EmptyRoot();
        if (leavesHash == 0) revert Law8LeavesUnpublished();
        if (cumulativeTotal < promised) revert Law7Shrunken(cumulativeTotal, promised);
        if (cumulativeRewards < rewards) revert Law7Shrunken(cumulativeRewards, rewards);
        if (cumulativeCertifiedWh < certifiedWh) revert Law7Shrunken(cumulativeCertifiedWh, certifiedWh);
        if (cumulativeRewards > REWARD_PER_WH_MAX * cumulativeCertifiedWh) {
            revert Law4Backing(cumulativeRewards, REWARD_PER_WH_MAX * cumulativeCertifiedWh);
        }
        if (cumulativeRewards > cumulativeTotal) revert Law4RewardsAboveTotal(cumulativeRewards, cumulativeTotal);
        if (cumulativeTotal > funded) revert Law6Unfunded(cumulativeTotal, funded);

        period = period_;
        root = root_;
        promised = cumulativeTotal;
        rewards = cumulativeRewards;
        certifiedWh = cumulativeCertifiedWh;
        commitmentOf[period_] = keccak256(
            abi.encode(period_, root_, cumulativeTotal, cumulativeRewards, cumulativeCertifiedWh, leavesHash)
        );
        emit Settled(period_, root_, cumulativeTotal, cumulativeRewards, cumulativeCertifiedWh, leavesHash);
    }

    /**
     * Pays `account` what the newest root owes it beyond what it was paid, whoever submits; 0 when nothing is due.
     *
     * @param path bit i is 1 when proof[i] stands on the left
     */
    function claim(
        address account,
        uint256 cumulative,
        uint256 path,
        SumNode[] calldata proof,
        bytes32 expectedRoot
    ) external returns (uint256 amount) {
        if (expectedRoot != root) revert Law7RootMoved(expectedRoot, root);
        if (!proves(account, cumulative, path, proof)) revert Law7NotInTree(account, cumulative);
        uint256 before = claimed[account];
        if (cumulative <= before) return 0;
        amount = cumulative - before;
        if (paid + amount > promised) revert Law6Unpromised(paid + amount, promised);

        claimed[account] = cumulative;
        paid += amount;
        emit Claimed(account, amount, cumulative);
        TOKEN.safeTransfer(account, amount);
        uint256 balance = TOKEN.balanceOf(address(this));
        if (balance + paid < funded) revert Law6Balance(balance, funded - paid);
    }

    /** All totals and the contract's own balance, in one block's view. */
    function status()
        external
        view
        returns (uint256 period_, uint256 funded_, uint256 promised_, uint256 paid_, uint256 balance)
    {
        return (period, funded, promised, paid, TOKEN.balanceOf(address(this)));
    }

    /** Whether the leaf lies under the newest root and all leaves together sum to `promised`. */
    function proves(
        address account,
        uint256 cumulative,
        uint256 path,
        SumNode[] calldata proof
    ) public view returns (bool) {
        bytes32 hash = keccak256(abi.encode(LEAF_TAG, block.chainid, address(this), account, cumulative));
        uint256 sum = cumulative;
        for (uint256 i = 0; i < proof.length; ++i) {
            SumNode calldata sibling = proof[i];
            hash = (path >> i) & 1 == 1
                ? keccak256(abi.encode(NODE_TAG, sibling.hash, sibling.sum, hash, sum))
                : keccak256(abi.encode(NODE_TAG, hash, sum, sibling.hash, sibling.sum));
            sum += sibling.sum;
        }
        return hash == root && sum == promised;
    }
}
