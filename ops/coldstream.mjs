#!/usr/bin/env node
// `npx coldstream`: the same as `npm run coldstream --`, on whatever Node the machine has.
import { coldstream } from '../infra/bootstrap/bootstrap.mjs'

await coldstream(process.argv.slice(2))
