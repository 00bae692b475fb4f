import { standAsTwo } from './replicas.contract';

standAsTwo({ bus: 'embedded' });
