import { tellsTheStoryOnProcesses } from './story-on-processes.contract';

// A broker of its own: topics belong to one platform.
tellsTheStoryOnProcesses({ bus: 'kafka' });
