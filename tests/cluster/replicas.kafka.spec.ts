import { standAsTwo } from './replicas.contract';

// A broker of its own: topics belong to one platform.
standAsTwo({ bus: 'kafka' });
