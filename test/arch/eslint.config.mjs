/** Lint rules of the whole tree; run by `npm run check`. Types are checked by tsc, the house's arrows by test/arch. */
import { builtinModules } from 'node:module';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['node_modules/', '.build/', 'firmware/core/wire/gen/', 'assembly/kernels/', 'assembly/test/'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.{ts,tsx,mjs}'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-expressions': 'error',
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-console': 'off',
      'no-restricted-imports': [
        'error',
        { paths: builtinModules.filter((name) => !name.startsWith('_')).map((name) => ({ name, message: 'write node: in front' })) },
      ],
    },
  },
  {
    files: ['hosts/**/*.ts'],
    ignores: ['hosts/web/**', 'hosts/xs/board/**'],
    languageOptions: { parserOptions: { project: 'hosts/tsconfig.json', tsconfigRootDir: process.cwd() } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
    },
  },
);
