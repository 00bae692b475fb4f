import { tellsTheStoryOnProcesses } from './story-on-processes.contract';

tellsTheStoryOnProcesses({ bus: 'embedded' });
