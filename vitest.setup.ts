import * as fc from 'fast-check';

// Property tests say the same each time: a failure in CI is one that everybody can see. To look further:
// FC_SEED=$RANDOM npx vitest run --project core
fc.configureGlobal({ seed: Number(process.env.FC_SEED ?? 20_261_122) });
