import { Controller, Get, Header } from '@nestjs/common';
import type { JWK } from 'jose';
import { Public } from '../http/access';
import { Tokens } from './tokens';

/** Public keys that tokens are verified with, for services in other processes. Identity's alone. */
@Controller('.well-known')
export class JwksController {
  constructor(private readonly tokens: Tokens) {}

  @Get('jwks.json')
  @Public()
  @Header('cache-control', 'public, max-age=300')
  keys(): { readonly keys: readonly JWK[] } {
    return this.tokens.jwks();
  }
}
