import { execFile, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';

const require = createRequire(import.meta.url);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/**
 * A user's project, with this package and others installed as npm would, for as long as `use` takes.
 *
 * @param {(project: Project) => Promise<void>} use
 */
export async function withProject(use) {
  const folder = mkdtempSync(path.join(tmpdir(), 'upscaler-project-'));
  try {
    await use(new Project(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class Project {
  /** @param {string} folder */
  constructor(folder) {
    this.folder = folder;
    const modules = path.join(folder, 'node_modules');
    mkdirSync(path.join(modules, '.bin'), { recursive: true });
    this.write('package.json', '{ "name": "somebodys", "private": true }');
    symlinkSync(ROOT, path.join(modules, 'upscaler-node'), 'junction');
    symlinkSync(path.join(ROOT, 'bin', 'upscaler-node.js'), path.join(modules, '.bin', 'upscaler-node'));
    chmodSync(path.join(ROOT, 'bin', 'upscaler-node.js'), 0o755);
    for (const name of ['express', '@types/node']) {
      mkdirSync(path.dirname(path.join(modules, name)), { recursive: true });
      symlinkSync(
        path.dirname(require.resolve(`${name}/package.json`)),
        path.join(modules, name),
        'junction',
      );
    }
  }

  /** @param {string} name */
  file(name) {
    return path.join(this.folder, name);
  }

  /** @param {string} name @param {string | Buffer} content */
  write(name, content) {
    writeFileSync(this.file(name), content);
    return this.file(name);
  }

  /** Runs a program to its end. @param {string} name @returns {Promise<string>} what it prints */
  async run(name) {
    const [command, ...args] = name.endsWith('.sh') ? ['sh', name] : [process.execPath, name];
    const { stdout } = await run(command, args, { cwd: this.folder });
    return stdout;
  }

  /** Checks a TypeScript program as strictly as can be, and runs it. @param {string} name */
  async runTypeScript(name) {
    const options = {
      strict: true,
      noEmit: true,
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      types: ['node'],
    };
    const program = ts.createProgram([this.file(name)], options);
    const problems = ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
    if (problems.length > 0) throw new Error(problems.join('\n'));
    const { outputText } = ts.transpileModule(ts.sys.readFile(this.file(name)) ?? '', {
      compilerOptions: { ...options, noEmit: false },
    });
    const compiled = name.replace(/\.ts$/, '.js');
    this.write(compiled, outputText);
    return this.run(compiled);
  }

  /**
   * Starts a server on a free port, for as long as `use` takes.
   *
   * @param {string} name
   * @param {(address: string) => Promise<void>} use
   */
  async serve(name, use) {
    const child = spawn(process.execPath, [name], {
      cwd: this.folder,
      env: { ...process.env, PORT: '0', NODE_ENV: 'test' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    try {
      let said = '';
      for await (const chunk of child.stdout) {
        said += chunk;
        const address = /http:\/\/localhost:\d+\/\S+/.exec(said)?.[0];
        if (address === undefined) continue;
        await use(address);
        break;
      }
    } finally {
      child.kill();
      await ended;
    }
  }
}
