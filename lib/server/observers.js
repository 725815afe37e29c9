// @ts-check
'use strict';

/**
 * Who measures a server.
 *
 * @param {import('./settings').Settings} settings
 * @returns {import('./observer').Observer[]}
 */
function observersFor({ metrics, telemetry }) {
  return [
    ...(metrics === undefined ? [] : [require('./prometheus').prometheus(metrics)]),
    ...(telemetry ? [require('./telemetry').telemetry()] : []),
  ];
}

module.exports = { observersFor };
