/**
 * Data centres: where regions of the large clouds stand, for callers that know their region and no grid zone.
 *
 * Coordinates are those of the town or county that the operator itself names for the region, to a tenth of a degree;
 * written for this table, good enough for a nearest site and for nothing finer. A fleet file may add others.
 */
export interface DataCentre {
  readonly provider: string;
  readonly region: string;
  readonly latitude: number;
  readonly longitude: number;
}

type Row = readonly [region: string, latitude: number, longitude: number];

const gcp: readonly Row[] = [
  ['europe-west1', 50.4, 3.8], // St. Ghislain
  ['europe-west2', 51.5, -0.1], // London
  ['europe-west3', 50.1, 8.7], // Frankfurt
  ['europe-west4', 53.4, 6.8], // Eemshaven
  ['europe-west6', 47.4, 8.5], // Zurich
  ['europe-west8', 45.5, 9.2], // Milan
  ['europe-west9', 48.9, 2.4], // Paris
  ['europe-west10', 52.5, 13.4], // Berlin
  ['europe-west12', 45.1, 7.7], // Turin
  ['europe-southwest1', 40.4, -3.7], // Madrid
  ['europe-north1', 60.6, 27.2], // Hamina
  ['europe-central2', 52.2, 21.0], // Warsaw
  ['us-central1', 41.3, -95.9], // Council Bluffs
  ['us-east1', 33.2, -80.0], // Moncks Corner
  ['us-east4', 39.0, -77.5], // Ashburn
  ['us-south1', 32.8, -96.8], // Dallas
  ['us-west1', 45.6, -121.2], // The Dalles
  ['us-west2', 34.1, -118.2], // Los Angeles
  ['us-west3', 40.8, -111.9], // Salt Lake City
  ['us-west4', 36.2, -115.1], // Las Vegas
  ['asia-northeast1', 35.7, 139.7], // Tokyo
  ['asia-southeast1', 1.3, 103.8], // Singapore
  ['australia-southeast1', -33.9, 151.2], // Sydney
];

const aws: readonly Row[] = [
  ['eu-west-1', 53.3, -6.3], // Dublin
  ['eu-west-2', 51.5, -0.1], // London
  ['eu-west-3', 48.9, 2.4], // Paris
  ['eu-central-1', 50.1, 8.7], // Frankfurt
  ['eu-central-2', 47.4, 8.5], // Zurich
  ['eu-north-1', 59.3, 18.1], // Stockholm
  ['eu-south-1', 45.5, 9.2], // Milan
  ['eu-south-2', 41.6, -0.9], // Aragon
  ['us-east-1', 39.0, -77.5], // Northern Virginia
  ['us-east-2', 40.0, -83.0], // Columbus
  ['us-west-1', 37.4, -121.9], // Northern California
  ['us-west-2', 45.9, -119.3], // Oregon
  ['ca-central-1', 45.5, -73.6], // Montreal
  ['ap-northeast-1', 35.7, 139.7], // Tokyo
  ['ap-southeast-1', 1.3, 103.8], // Singapore
  ['ap-southeast-2', -33.9, 151.2], // Sydney
];

const azure: readonly Row[] = [
  ['northeurope', 53.3, -6.3], // Ireland
  ['westeurope', 52.4, 4.9], // Netherlands
  ['uksouth', 51.5, -0.1], // London
  ['ukwest', 51.5, -3.2], // Cardiff
  ['francecentral', 48.9, 2.4], // Paris
  ['germanywestcentral', 50.1, 8.7], // Frankfurt
  ['switzerlandnorth', 47.4, 8.5], // Zurich
  ['norwayeast', 59.9, 10.8], // Oslo
  ['swedencentral', 60.7, 17.1], // Gävle
  ['polandcentral', 52.2, 21.0], // Warsaw
  ['italynorth', 45.5, 9.2], // Milan
  ['spaincentral', 40.4, -3.7], // Madrid
  ['eastus', 37.4, -79.8], // Virginia
  ['eastus2', 36.7, -78.4], // Virginia
  ['centralus', 41.6, -93.6], // Iowa
  ['southcentralus', 29.4, -98.5], // Texas
  ['westus', 37.8, -122.4], // California
  ['westus2', 47.2, -119.9], // Washington
  ['westus3', 33.4, -112.1], // Phoenix
  ['japaneast', 35.7, 139.8], // Tokyo
  ['southeastasia', 1.3, 103.8], // Singapore
  ['australiaeast', -33.9, 151.2], // New South Wales
];

const rows = (provider: string, table: readonly Row[]): readonly DataCentre[] =>
  table.map(([region, latitude, longitude]) => ({ provider, region, latitude, longitude }));

export const dataCentres: readonly DataCentre[] = [...rows('gcp', gcp), ...rows('aws', aws), ...rows('azure', azure)];
