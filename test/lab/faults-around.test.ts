import { faultCases } from './faults/suite.ts';

faultCases('around');
