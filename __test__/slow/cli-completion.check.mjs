/**
 * Completion in the shells themselves: each in a terminal that tmux holds, with Tab pressed as people do. It wants
 * bash, zsh, fish and tmux, as `apt-get install zsh fish tmux` brings them.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../bin/upscaler-node.js', import.meta.url));
const PATIENCE_MS = 20_000;
const home = mkdtempSync(path.join(os.tmpdir(), 'upscaler-completion-'));

const SHELLS = {
  bash: { start: 'bash --noprofile --norc -i', set: 'eval "$(upscaler-node completion bash)"' },
  zsh: {
    start: 'zsh -f -i',
    set: 'autoload -Uz compinit && compinit -u && eval "$(upscaler-node completion zsh)"',
  },
  fish: { start: 'fish --no-config -i', set: 'upscaler-node completion fish | source' },
};

before(() => {
  mkdirSync(path.join(home, 'bin'));
  const program = path.join(home, 'bin', 'upscaler-node');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`);
  chmodSync(program, 0o755);
  for (const name of ['picture one.jpg', 'other.png']) writeFileSync(path.join(home, name), '');
  mkdirSync(path.join(home, 'calibration'));
  for (const program of ['tmux', ...Object.keys(SHELLS)]) {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
  }
});

after(() => {
  try {
    tmux('kill-server');
  } catch {}
  rmSync(home, { recursive: true, force: true });
});

/** @param {...string} args */
function tmux(...args) {
  return execFileSync('tmux', ['-S', path.join(home, 'tmux'), ...args], { encoding: 'utf8' });
}

/** @param {string} shell */
const shown = (shell) => tmux('capture-pane', '-p', '-t', shell);

/**
 * @param {string} shell
 * @param {RegExp} expected
 */
async function until(shell, expected) {
  const begun = Date.now();
  while (!expected.test(shown(shell))) {
    assert.ok(Date.now() - begun < PATIENCE_MS, `${shell} shows, instead of ${expected}:\n${shown(shell)}`);
    await wait(100);
  }
}

for (const [shell, { start, set }] of Object.entries(SHELLS)) {
  test(shell, async (t) => {
    const environment = `env HOME='${home}' PATH='${home}/bin:${process.env.PATH}' LANG=C.UTF-8 PS1='ready> '`;
    tmux(
      'new-session',
      '-d',
      '-x',
      '150',
      '-y',
      '50',
      '-s',
      shell,
      `cd '${home}' && ${environment} ${start}`,
    );
    await wait(1000);
    tmux('send-keys', '-t', shell, set, 'Enter');
    tmux(
      'send-keys',
      '-t',
      shell,
      'echo set-$((40 + 2))'.replace('$((40 + 2))', shell === 'fish' ? '(math 40 + 2)' : '$((40 + 2))'),
      'Enter',
    );
    await until(shell, /^set-42/m);

    /** @param {string} typed @param {RegExp} expected */
    const completes = (typed, expected) =>
      t.test(`${typed}<Tab>`, async () => {
        // Takes back what was typed before, and clears the screen.
        tmux('send-keys', '-t', shell, 'C-u', 'C-l');
        await wait(500);
        tmux('send-keys', '-t', shell, '-l', typed);
        await until(shell, new RegExp(typed.replace(/[.$]/g, '\\$&')));
        tmux('send-keys', '-t', shell, 'Tab');
        await wait(1000);
        // Where several fit, the second time lists them.
        if (!expected.test(shown(shell))) tmux('send-keys', '-t', shell, 'Tab');
        await until(shell, expected);
      });

    await completes('upscaler-node doc', /upscaler-node doctor\s/);
    await completes('upscaler-node --skip', /upscaler-node --skip-existing\s/);
    await completes('upscaler-node -m span-4', /upscaler-node -m span-4x\s/);
    await completes('upscaler-node x.png --fit cov', /--fit cover\s/);
    await completes('upscaler-node x.png --fit=cov', /--fit=cover/);
    await completes('upscaler-node compare --models span-2x,photo-4', /--models span-2x,photo-4x/);
    await completes('upscaler-node info illustration-', /stration-2x[^]*stration-3x[^]*stration-4x/);
    await completes(
      'upscaler-node compare pict',
      /compare (picture\\ one\.jpg|'picture one\.jpg'|"picture one\.jpg")/,
    );
    await completes('upscaler-node quantize x --calibrate cal', /--calibrate calibration\//);
    await completes('upscaler-node completion z', /completion zsh\s/);
  });
}
