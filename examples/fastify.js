// Routes by the plugin, and one of one's own.
const fastify = require('fastify')({ logger: false });
const upscaling = require('upscaler-node/fastify');

fastify.register(upscaling, {
  limits: { bytes: 10_000_000 },
  routes: { upscale: '/upscale', jobs: '/jobs', health: '/healthz', ready: '/readyz' },
});

fastify.after(() => {
  const { schema, upscale } = fastify.upscaling;
  const preHandler = async (request, reply) => {
    if (request.headers.authorization !== 'Bearer secret')
      return reply.code(401).send({ error: 'Unauthorized' });
  };
  fastify.post('/members/upscale', { schema, attachValidation: true, preHandler }, upscale);
});

fastify.listen({ port: process.env.PORT ?? 3000, host: '127.0.0.1' }).then((url) => console.log(url));

process.once('SIGTERM', () => fastify.close());
