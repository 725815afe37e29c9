/**
 * A shared library is known to the loader by the name written inside it: two of the same name in one process are
 * taken for one, whatever their files are called. Ours gets a name of its own, so that another version of ONNX
 * Runtime (onnxruntime-node's) can be loaded beside it, in either order.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** As long as `libonnxruntime.so.1`, so that it fits where that is written. */
export const SONAME = 'libupscaler_rt.so.1';

/** @param {string} file the library, changed in place */
export function renameLibrary(file) {
  switch (process.platform) {
    case 'linux':
      return renameElf(file);
    case 'darwin':
      return renameMachO(file);
    // Windows knows a library by its file name.
  }
}

/** @param {string} file */
function renameElf(file) {
  const elf = readFileSync(file);
  const { offset, name } = findSoname(elf);
  if (name.length !== SONAME.length) {
    throw new Error(`Expected ${file} to have a SONAME of ${SONAME.length} characters but found ${name}`);
  }
  elf.write(SONAME, offset, 'latin1');
  writeFileSync(file, elf);
}

/** @param {string} file */
function renameMachO(file) {
  execFileSync('install_name_tool', ['-id', `@rpath/${path.basename(file)}`, file]);
  // The change broke the signature, without which Apple's processors load nothing.
  execFileSync('codesign', ['--force', '--sign', '-', file]);
}

const PT_LOAD = 1n;
const PT_DYNAMIC = 2n;
const DT_NULL = 0n;
const DT_STRTAB = 5n;
const DT_SONAME = 14n;
const PROGRAM_HEADER_BYTES = 56;
const DYNAMIC_ENTRY_BYTES = 16;

/**
 * Where an ELF library says its own name (System V ABI, chapter 5: the dynamic section points into a string table
 * by memory address, which the program headers map to places in the file).
 *
 * @param {Buffer} elf 64-bit, little-endian
 * @returns {{ offset: number, name: string }}
 */
export function findSoname(elf) {
  if (elf.toString('latin1', 0, 6) !== '\x7fELF\x02\x01')
    throw new Error('Expected a 64-bit little-endian ELF file');
  const segments = readSegments(elf);
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  if (dynamic === undefined) throw new Error('Expected an ELF file with a dynamic section');

  const entries = readDynamic(elf, dynamic);
  const strings = entries.get(DT_STRTAB);
  const soname = entries.get(DT_SONAME);
  if (strings === undefined || soname === undefined) throw new Error('Expected an ELF library with a SONAME');

  const offset = toFileOffset(strings + soname, segments);
  return { offset, name: elf.toString('latin1', offset, elf.indexOf(0, offset)) };
}

/** @param {Buffer} elf */
function readSegments(elf) {
  const start = Number(elf.readBigUInt64LE(0x20));
  const count = elf.readUInt16LE(0x38);
  return Array.from({ length: count }, (_, i) => {
    const at = start + i * PROGRAM_HEADER_BYTES;
    return {
      type: BigInt(elf.readUInt32LE(at)),
      offset: elf.readBigUInt64LE(at + 0x08),
      address: elf.readBigUInt64LE(at + 0x10),
      size: elf.readBigUInt64LE(at + 0x20),
    };
  });
}

/**
 * @param {Buffer} elf
 * @param {{ offset: bigint, size: bigint }} segment
 * @returns {Map<bigint, bigint>} tag to value
 */
function readDynamic(elf, { offset, size }) {
  const entries = new Map();
  for (let at = Number(offset); at < Number(offset + size); at += DYNAMIC_ENTRY_BYTES) {
    const tag = elf.readBigUInt64LE(at);
    if (tag === DT_NULL) break;
    entries.set(tag, elf.readBigUInt64LE(at + 8));
  }
  return entries;
}

/**
 * @param {bigint} address
 * @param {ReturnType<typeof readSegments>} segments
 */
function toFileOffset(address, segments) {
  const segment = segments.find(
    ({ type, address: start, size }) => type === PT_LOAD && address >= start && address < start + size,
  );
  if (segment === undefined)
    throw new Error('Expected the name of the ELF library to be in a loaded segment');
  return Number(address - segment.address + segment.offset);
}
