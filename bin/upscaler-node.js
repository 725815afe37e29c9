#!/usr/bin/env node
// @ts-check
'use strict';

const { main } = require('./main');

main(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
