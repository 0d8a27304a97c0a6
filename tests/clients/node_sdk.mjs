// The official Node SDK against a running sandbox, configured by the variables that it printed.
// The script fails at the first value that is not what the service would answer.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

// The SDK lies in a directory of its own.
const require = createRequire(`${process.env.SDK_DIRECTORY}/`);
const { Client } = require('@okta/okta-sdk-nodejs');

let checks = 0;

function equal(what, have, want) {
  checks += 1;
  assert.deepEqual(have, want, what);
}

async function refused(what, call, status, code) {
  checks += 1;
  let failure;
  try {
    await call();
  } catch (error) {
    failure = error;
  }
  assert.ok(failure, `${what} was not refused`);
  assert.deepEqual([failure.status, failure.errorCode], [status, code], `${what}: ${failure}`);
  return failure;
}

async function all(collection) {
  const items = [];
  await collection.each((item) => {
    items.push(item);
  });
  return items;
}

function person(login) {
  const profile = { login, email: login, firstName: 'Grace', lastName: 'Hopper' };
  return { profile, credentials: { password: { value: 'Tr0ub4dor-x9' } } };
}

async function users(client, prefix) {
  const login = `${prefix}grace@example.com`;
  const user = await client.userApi.createUser({ body: person(login), activate: true });
  equal('status', user.status, 'ACTIVE');
  equal('login', user.profile.login, login);
  const found = await client.userApi.getUser({ userId: login });
  equal('found by login', found.id, user.id);
  const changed = await client.userApi.updateUser({
    userId: user.id,
    user: { profile: { nickName: 'Amazing' } },
  });
  equal('nick name', changed.profile.nickName, 'Amazing');
  equal('login after a partial update', changed.profile.login, login);
  const cleared = await client.userApi.updateUser({
    userId: user.id,
    user: { profile: { nickName: null } },
  });
  equal('a null clears', cleared.profile.nickName ?? null, null);
  const taken = await refused(
    'a login taken',
    () => client.userApi.createUser({ body: person(login) }),
    400,
    'E0000001',
  );
  assert.match(JSON.stringify(taken.errorCauses), /login/);
  await refused(
    'no such user',
    () => client.userApi.getUser({ userId: '00unobodynobodynobod' }),
    404,
    'E0000007',
  );
  return user;
}

async function paging(client, prefix) {
  for (let number = 0; number < 5; number += 1) {
    await client.userApi.createUser({ body: person(`${prefix}p${number}@example.com`) });
  }
  const search = `profile.login sw "${prefix}p"`;
  const listed = await all(await client.userApi.listUsers({ search, limit: 2 }));
  const logins = listed.map((user) => user.profile.login).sort();
  equal(
    'users of all pages',
    logins,
    [0, 1, 2, 3, 4].map((number) => `${prefix}p${number}@example.com`),
  );
}

async function groups(client, prefix, user) {
  const profile = { name: `${prefix}Compilers`, description: 'First' };
  const group = await client.groupApi.createGroup({ group: { profile } });
  equal('type', group.type, 'OKTA_GROUP');
  const pair = { groupId: group.id, userId: user.id };
  await client.groupApi.assignUserToGroup(pair);
  const members = await all(await client.groupApi.listGroupUsers({ groupId: group.id }));
  equal('members', members.map((member) => member.id), [user.id]);
  const found = await all(await client.groupApi.listGroups({ q: `${prefix}Comp` }));
  equal('found', found.map((one) => one.profile.name), [profile.name]);
  await refused(
    'a name taken',
    () => client.groupApi.createGroup({ group: { profile } }),
    400,
    'E0000001',
  );
  await client.groupApi.unassignUserFromGroup(pair);
  equal('none', await all(await client.groupApi.listGroupUsers({ groupId: group.id })), []);
  await client.groupApi.deleteGroup({ groupId: group.id });
  await refused(
    'a deleted group',
    () => client.groupApi.getGroup({ groupId: group.id }),
    404,
    'E0000007',
  );
}

async function apps(client, prefix, user) {
  const application = {
    name: 'bookmark',
    label: `${prefix}Manuals`,
    signOnMode: 'BOOKMARK',
    settings: { app: { requestIntegration: false, url: 'https://example.com/manuals' } },
  };
  const app = await client.applicationApi.createApplication({ application });
  equal('class', app.constructor.name, 'BookmarkApplication');
  equal('status', app.status, 'ACTIVE');
  equal('url', app.settings.app.url, 'https://example.com/manuals');
  const assigned = await client.applicationApi.assignUserToApplication({
    appId: app.id,
    appUser: { id: user.id },
  });
  equal('scope', assigned.scope, 'USER');
  const listed = await all(await client.applicationApi.listApplicationUsers({ appId: app.id }));
  equal('app users', listed.map((one) => one.id), [user.id]);
  await refused(
    'delete while active',
    () => client.applicationApi.deleteApplication({ appId: app.id }),
    403,
    'E0000056',
  );
  await client.applicationApi.deactivateApplication({ appId: app.id });
  await client.applicationApi.deleteApplication({ appId: app.id });
  await refused(
    'a deleted app',
    () => client.applicationApi.getApplication({ appId: app.id }),
    404,
    'E0000007',
  );
}

async function policies(client, prefix) {
  const form = { name: `${prefix}Policy`, type: 'OKTA_SIGN_ON', description: 'Test' };
  const policy = await client.policyApi.createPolicy({ policy: form, activate: true });
  equal('status', policy.status, 'ACTIVE');
  equal('class', policy.constructor.name, 'OktaSignOnPolicy');
  const listed = await all(await client.policyApi.listPolicies({ type: 'OKTA_SIGN_ON' }));
  equal('order', [listed[0].id, listed.at(-1).system], [policy.id, true]);
  const rules = await all(await client.policyApi.listPolicyRules({ policyId: listed.at(-1).id }));
  equal('the default rule', rules.at(-1).system, true);
  await client.policyApi.deactivatePolicy({ policyId: policy.id });
  const off = await client.policyApi.getPolicy({ policyId: policy.id });
  equal('deactivated', off.status, 'INACTIVE');
  await client.policyApi.deletePolicy({ policyId: policy.id });
  await refused(
    'a deleted policy',
    () => client.policyApi.getPolicy({ policyId: policy.id }),
    404,
    'E0000007',
  );
}

async function factors(client, user) {
  const userId = user.id;
  const factor = await client.userFactorApi.enrollFactor({
    userId,
    body: {
      factorType: 'question',
      provider: 'OKTA',
      profile: { question: 'disliked_food', answer: 'mustard-and-cress' },
    },
  });
  equal('status', factor.status, 'ACTIVE');
  equal('type', factor.factorType, 'question');
  const listed = await all(await client.userFactorApi.listFactors({ userId }));
  equal('factors', listed.map((one) => one.id), [factor.id]);
  await client.userFactorApi.unenrollFactor({ userId, factorId: factor.id });
  equal('none left', await all(await client.userFactorApi.listFactors({ userId })), []);
}

async function logs(client, user) {
  const filter = `eventType eq "user.lifecycle.create" and target.id eq "${user.id}"`;
  // The log's next link never ends: only the first event is asked for.
  const collection = await client.systemLogApi.listLogEvents({ filter });
  const { value: event } = await collection.next();
  equal('event', event.eventType, 'user.lifecycle.create');
  equal('outcome', event.outcome.result, 'SUCCESS');
  equal('target', event.target[0].id, user.id);
  await refused(
    'a bad filter',
    async () => (await client.systemLogApi.listLogEvents({ filter: 'eventType eq' })).next(),
    400,
    'E0000053',
  );
}

async function end(client, user) {
  const userId = user.id;
  await client.userApi.deactivateUser({ userId });
  const gone = await client.userApi.getUser({ userId });
  equal('deactivated', gone.status, 'DEPROVISIONED');
  await client.userApi.deleteUser({ userId });
  await refused('a deleted user', () => client.userApi.getUser({ userId }), 404, 'E0000007');
}

async function story(name, client) {
  const prefix = `${name}${process.hrtime.bigint()}`;
  const user = await users(client, prefix);
  await paging(client, prefix);
  await groups(client, prefix, user);
  await apps(client, prefix, user);
  await policies(client, prefix);
  await factors(client, user);
  await logs(client, user);
  await end(client, user);
}

const orgUrl = process.env.SANDBOX_URL;
await story('not', new Client({ orgUrl, token: process.env.SANDBOX_TOKEN }));
const wrong = new Client({ orgUrl, token: '00wrong' });
await refused(
  'a wrong token',
  async () => (await wrong.userApi.listUsers()).next(),
  401,
  'E0000011',
);

const app = {
  orgUrl,
  authorizationMode: 'PrivateKey',
  clientId: process.env.SANDBOX_CLIENT_ID,
  privateKey: process.env.SANDBOX_PRIVATE_KEY,
  keyId: process.env.SANDBOX_KEY_ID,
};
const scopes = process.env.SANDBOX_SCOPES.split(' ');
await story('noa', new Client({ ...app, scopes }));
const narrow = new Client({ ...app, scopes: ['okta.groups.read'] });
assert.ok((await all(await narrow.groupApi.listGroups())).length > 0);
await refused(
  'a scope that the token lacks',
  async () => (await narrow.userApi.listUsers()).next(),
  403,
  undefined,
);
console.log(`node: ${checks} checks passed`);
