// `npm start`, `npm test` and `npm run coldstream` begin here, on whatever Node the machine has (18 or later): it brings
// the runtime and the packages, says what it is doing, and then runs the real command. No package may be imported here.
import { bootstrap } from './bootstrap.mjs'

await bootstrap(process.argv.slice(2))
