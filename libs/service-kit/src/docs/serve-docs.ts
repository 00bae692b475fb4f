import type { INestApplication } from '@nestjs/common';
import { SwaggerModule } from '@nestjs/swagger';
import { openApiOf, type DocumentedService } from './openapi';

/** `/openapi.json`, and a page over it at `/docs` whose files come from this process. */
export const serveDocs = (app: INestApplication, services: readonly DocumentedService[]): void => {
  SwaggerModule.setup('docs', app, openApiOf(services), { jsonDocumentUrl: 'openapi.json', yamlDocumentUrl: 'openapi.yaml', customSiteTitle: 'Qiyue' });
};
