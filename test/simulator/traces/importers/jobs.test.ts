/** Job traces: SWF, PAI and openb, what counts as a job, and whose GPU is whole. */
import { describe, expect, test } from 'vitest';
import { ImportFault } from '../../../../simulator/traces/importers/import-note.ts';
import { importOpenbJobs } from '../../../../simulator/traces/importers/openb-jobs.ts';
import { importPaiJobs } from '../../../../simulator/traces/importers/pai-jobs.ts';
import { importSwfJobs } from '../../../../simulator/traces/importers/swf-jobs.ts';

const swfHeader = ['; Version: 2.2', '; Computer: Intel iPSC/860', ';  UnixStartTime: 749433603', '; TimeZoneString: US/Pacific', ';'];
/** Fields 1 to 18, those that matter by name. */
const swf = (id: number, { submit = 0, run = 60, got = 4, asked = -1, status = 1 }) =>
  `  ${id} ${submit} 10 ${run} ${got} -1 -1 ${asked} -1 -1 ${status} 1 1 1 -1 -1 -1 -1`;

describe('jobs of the Standard Workload Format', () => {
  test('arrive by the log’s clock and hold what they were given', () => {
    const { jobs, note } = importSwfJobs(
      [...swfHeader, swf(2, { submit: 100, run: 1.5, got: 128 }), swf(1, { submit: 5 }), ''].join('\r\n'),
    );
    expect(jobs).toEqual([
      { at: 5_000, lengthMs: 60_000, accelerators: 4 },
      { at: 100_000, lengthMs: 1_500, accelerators: 128 },
    ]);
    expect(note).toMatchObject({ what: 'jobs', zone: 'Intel iPSC/860', unit: 'seconds', timeZone: 'US/Pacific', records: 2 });
    expect(note.corrections).toEqual([
      'one processor read as one accelerator',
      'the log starts at 1993-10-01T00:00:03Z; arrivals count from there',
    ]);
  });
  test.each([
    { name: 'failed ones that ran are kept', fields: { status: 0 }, kept: 1, says: /1 failed jobs ran and were kept/ },
    {
      name: 'cancelled ones that had begun are kept',
      fields: { status: 5 },
      kept: 1,
      says: /1 cancelled jobs had begun to run and were kept/,
    },
    { name: 'cancelled ones that never began are left out', fields: { status: 5, run: -1 }, kept: 0, says: /1 jobs never ran/ },
    { name: 'those of zero seconds are left out', fields: { run: 0 }, kept: 0, says: /1 jobs never ran/ },
    { name: 'partial executions are left out', fields: { status: 3 }, kept: 0, says: /1 partial executions were left out/ },
    {
      name: 'what was asked for stands in for what was given',
      fields: { got: -1, asked: 8 },
      kept: 1,
      says: /1 jobs do not say what they were given/,
    },
    { name: 'those without processors are left out', fields: { got: -1 }, kept: 0, says: /1 jobs without processors/ },
  ])('$name', ({ fields, kept, says }) => {
    const { jobs, note } = importSwfJobs([swf(1, {}), swf(2, { submit: 1, ...fields })].join('\n'));
    expect(jobs).toHaveLength(1 + kept);
    expect(note.corrections.join('; ')).toMatch(says);
  });
  test.each([
    { name: 'seventeen fields', text: '1 0 0 1 1 1 1 1 1 1 1 1 1 1 1 1 1', says: /line 1: expected 18 fields, found 17/ },
    { name: 'a word', text: swf(1, {}).replace(' 60 ', ' long '), says: /expected a number in field 4, found long/ },
    { name: 'a submission before the log', text: swf(1, { submit: -1 }), says: /expected a submit time ≥ 0, found -1/ },
    { name: 'comments alone', text: swfHeader.join('\n'), says: /no job that ran, among 0 lines/ },
  ])('fault with $name', ({ text, says }) => {
    expect(() => importSwfJobs(text)).toThrow(ImportFault);
    expect(() => importSwfJobs(text)).toThrow(says);
  });
});

describe('jobs of the PAI task table', () => {
  const table = [
    'aaa,tensorflow,1,Terminated,1000.0,1600.0,600.0,29.296875,50.0,MISC',
    'bbb,worker,3,Terminated,2000.5,2100.0,600.0,29.3,50.0,T4',
    'bbb,ps,2,Terminated,1990.5,2050.0,600.0,29.3,,CPU',
    'ccc,worker,4,Failed,3000.0,3060.0,100.0,1.0,100.0,V100',
    'ddd,worker,1,Running,4000.0,,100.0,1.0,100.0,V100',
    'eee,worker,1,Terminated,4000.0,4100.0,600.0,1.0,,CPU',
    'fff,worker,1,Waiting,,,600.0,1.0,100.0,T4',
  ].join('\n');
  test('hold the sum of their tasks, percents of a GPU rounded up, from first start to last end', () => {
    const { jobs, note } = importPaiJobs(table);
    expect(jobs).toEqual([
      { at: 0, lengthMs: 600_000, accelerators: 1 },
      { at: 990_500, lengthMs: 109_500, accelerators: 2 },
      { at: 2_000_000, lengthMs: 60_000, accelerators: 4 },
    ]);
    expect(note).toMatchObject({ what: 'jobs', records: 7, unit: 'seconds' });
    expect(note.corrections).toEqual([
      'tasks of one job were joined: 7 tasks, 6 jobs',
      'percents of a GPU were added up over instances and rounded up',
      'arrivals are starts (the table has no submission), counted from the first one at 1000 s',
      '2 jobs held a part of a GPU and count as holding the whole',
      '1 jobs with a failed task ran and were kept',
      '1 jobs without a GPU were left out',
      '2 jobs without a start or an end were left out',
    ]);
  });
  test('are the same under a header', () => {
    const header = 'job_name,task_name,inst_num,status,start_time,end_time,plan_cpu,plan_mem,plan_gpu,gpu_type';
    expect(importPaiJobs(`${header}\n${table}`)).toEqual(importPaiJobs(table));
  });
  test.each([
    { name: 'another table', text: 'aaa,1,u1,Terminated,1,2', says: /found 6 columns/ },
    { name: 'a status nobody has', text: table.replace('Failed', 'Done'), says: /line 4: expected the status Terminated, .* found Done/ },
    { name: 'no GPUs at all', text: 'eee,worker,1,Terminated,4000.0,4100.0,600.0,1.0,,CPU', says: /no job with GPUs/ },
    { name: 'nothing', text: '', says: /no job with GPUs, a start and an end, among 0 tasks/ },
  ])('fault with $name', ({ text, says }) => {
    expect(() => importPaiJobs(text)).toThrow(ImportFault);
    expect(() => importPaiJobs(text)).toThrow(says);
  });
});

describe('pods of openb', () => {
  const header = 'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time';
  const pods = [
    'openb-pod-0000,12000,16384,1,460,,LS,Running,100,900,110',
    'openb-pod-0001,88000,327680,8,1000,,Burstable,Succeeded,50,900,60',
    'openb-pod-0002,20000,65536,0,0,,LS,Running,10,900,10',
    'openb-pod-0003,20000,65536,1,1000,V100M16|V100M32,BE,Pending,10,900,',
    'openb-pod-0004,20000,65536,2,1000,,BE,Failed,10,70,20',
  ];
  test('arrive when they are created and run from their scheduling to their deletion', () => {
    const { jobs, note } = importOpenbJobs([header, ...pods].join('\n'));
    expect(jobs).toEqual([
      { at: 10_000, lengthMs: 50_000, accelerators: 2 },
      { at: 50_000, lengthMs: 840_000, accelerators: 8 },
      { at: 100_000, lengthMs: 790_000, accelerators: 1 },
    ]);
    expect(note.corrections).toEqual([
      'classes of service: 1 LS, 1 Burstable, 1 BE',
      '1 pods held a part of a GPU and count as holding the whole',
      '2 pods were deleted at the very end of the trace (900 s): their lengths are cut off there',
      '1 failed pods ran and were kept',
      '1 pods without a GPU were left out',
      '1 pods were never scheduled, or gone at once, and were left out',
    ]);
  });
  test.each([
    { name: 'no creation', text: [header, 'p,1,1,1,1000,,LS,Running,,9,1'].join('\n'), says: /line 2: no creation_time/ },
    {
      name: 'less than none',
      text: [header, 'p,1,1,-1,1000,,LS,Running,1,9,1'].join('\n'),
      says: /line 2: expected numbers ≥ 0, found -1/,
    },
    { name: 'nodes in place of pods', text: 'sn,cpu_milli,memory_mib,gpu,model\nn,1,1,1,T4', says: /no column num_gpu/ },
    { name: 'no GPU at all', text: [header, pods[2]].join('\n'), says: /no pod with a GPU that ran, among 1/ },
  ])('fault with $name', ({ text, says }) => {
    expect(() => importOpenbJobs(text)).toThrow(ImportFault);
    expect(() => importOpenbJobs(text)).toThrow(says);
  });
});
