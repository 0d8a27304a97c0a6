"""The official Python SDK against a running sandbox, configured by the variables that it printed.

The script fails at the first value that is not what the service would answer.
"""

import asyncio
import os
import time

from okta.client import Client
from okta.models import (
    AddGroupRequest,
    AppUserAssignRequest,
    BookmarkApplication,
    BookmarkApplicationSettings,
    BookmarkApplicationSettingsApplication,
    CreateUserRequest,
    OktaSignOnPolicy,
    OktaUserGroupProfile,
    PasswordCredential,
    UpdateUserRequest,
    UserCredentialsWritable,
    UserFactorSecurityQuestion,
    UserFactorSecurityQuestionProfile,
    UserProfile,
)
from okta.pagination import PaginationHelper

CHECKS = 0


def equal(what, have, want):
    global CHECKS
    CHECKS += 1
    assert have == want, f"{what}: {have!r} instead of {want!r}"


def done(what, answer):
    """The data of a call that must succeed; calls without data answer a shorter tuple."""
    assert answer[-1] is None, f"{what}: {answer[-1]}"
    return answer[0]


def refused(what, answer, status, code):
    """Checks the error of a call that must fail."""
    error = answer[-1]
    assert error is not None, f"{what} was not refused"
    equal(f"{what}: status", error.status, status)
    equal(f"{what}: code", error.error_code, code)
    return error


def person(login, **more):
    profile = UserProfile(
        login=login, email=login, first_name="Ada", last_name="Byron", **more
    )
    credentials = UserCredentialsWritable(password=PasswordCredential(value="Tr0ub4dor-x9"))
    return CreateUserRequest(profile=profile, credentials=credentials)


async def users(client, prefix, by_login):
    login = f"{prefix}ada@example.com"
    user = done("create user", await client.create_user(person(login), activate=True))
    equal("status", user.status, "ACTIVE")
    equal("login", user.profile.login, login)
    found = done("get user", await client.get_user(login if by_login else user.id))
    equal("found", found.id, user.id)
    change = UpdateUserRequest(profile=UserProfile(nick_name="Countess"))
    changed = done("update user", await client.update_user(user.id, change))
    equal("nick name", changed.profile.nick_name, "Countess")
    equal("login after a partial update", changed.profile.login, login)
    again = await client.create_user(person(login))
    error = refused("a login taken", again, 400, "E0000001")
    assert "login" in str(error.error_causes), error.error_causes
    refused("no such user", await client.get_user("00unobodynobodynobod"), 404, "E0000007")
    return user


async def paging(client, prefix):
    for number in range(5):
        name = f"{prefix}p{number}@example.com"
        done("create user", await client.create_user(person(name)))
    search = f'profile.login sw "{prefix}p"'
    seen, after, pages = [], None, 0
    while True:
        listed, answer, error = await client.list_users(search=search, limit=2, after=after)
        assert error is None, error
        pages += 1
        seen += [user.profile.login for user in listed]
        after = PaginationHelper.extract_next_cursor(answer.headers)
        if not after:
            break
    equal("pages", pages, 3)
    equal("users", sorted(seen), [f"{prefix}p{n}@example.com" for n in range(5)])


async def groups(client, prefix, user):
    profile = OktaUserGroupProfile(name=f"{prefix}Mathematicians", description="Early")
    group = done("add group", await client.add_group(AddGroupRequest(profile=profile)))
    equal("type", group.type, "OKTA_GROUP")
    done("assign", await client.assign_user_to_group(group.id, user.id))
    members = done("members", await client.list_group_users(group.id))
    equal("members", [member.id for member in members], [user.id])
    found = done("list", await client.list_groups(q=f"{prefix}Math"))
    equal("found", [one.profile.actual_instance.name for one in found], [f"{prefix}Mathematicians"])
    twice = await client.add_group(AddGroupRequest(profile=profile))
    refused("a name taken", twice, 400, "E0000001")
    done("unassign", await client.unassign_user_from_group(group.id, user.id))
    equal("no members", done("members", await client.list_group_users(group.id)), [])
    done("delete", await client.delete_group(group.id))
    refused("a deleted group", await client.get_group(group.id), 404, "E0000007")


async def apps(client, prefix, user):
    settings = BookmarkApplicationSettings(
        app=BookmarkApplicationSettingsApplication(
            url="https://example.com/notes", request_integration=False
        )
    )
    form = BookmarkApplication(
        name="bookmark", label=f"{prefix}Notes", sign_on_mode="BOOKMARK", settings=settings
    )
    app = done("create app", await client.create_application(form))
    equal("class", type(app).__name__, "BookmarkApplication")
    equal("status", app.status, "ACTIVE")
    equal("url", app.settings.app.url, "https://example.com/notes")
    assigned = done(
        "assign",
        await client.assign_user_to_application(app.id, AppUserAssignRequest(id=user.id)),
    )
    equal("scope", assigned.scope, "USER")
    listed = done("app users", await client.list_application_users(app.id))
    equal("app users", [one.id for one in listed], [user.id])
    refused("delete while active", await client.delete_application(app.id), 403, "E0000056")
    done("deactivate", await client.deactivate_application(app.id))
    done("delete", await client.delete_application(app.id))
    refused("a deleted app", await client.get_application(app.id), 404, "E0000007")


async def policies(client, prefix):
    form = OktaSignOnPolicy(name=f"{prefix}Policy", type="OKTA_SIGN_ON", description="Test")
    policy = done("create policy", await client.create_policy(form, activate=True))
    equal("status", policy.status, "ACTIVE")
    equal("class", type(policy).__name__, "OktaSignOnPolicy")
    listed = done("list policies", await client.list_policies("OKTA_SIGN_ON"))
    equal("order", [listed[0].id, listed[-1].system], [policy.id, True])
    default = done("rules", await client.list_policy_rules(listed[-1].id))
    equal("the default rule", default[-1].system, True)
    done("deactivate", await client.deactivate_policy(policy.id))
    off = done("get policy", await client.get_policy(policy.id))
    equal("deactivated", off.status, "INACTIVE")
    done("delete", await client.delete_policy(policy.id))
    refused("a deleted policy", await client.get_policy(policy.id), 404, "E0000007")


async def factors(client, user):
    form = UserFactorSecurityQuestion(
        factor_type="question",
        provider="OKTA",
        profile=UserFactorSecurityQuestionProfile(
            question="disliked_food", answer="mustard-and-cress"
        ),
    )
    factor = done("enroll", await client.enroll_factor(user.id, form))
    equal("status", factor.status, "ACTIVE")
    equal("type", factor.factor_type, "question")
    listed = done("factors", await client.list_factors(user.id))
    equal("factors", [one.id for one in listed], [factor.id])
    done("unenroll", await client.unenroll_factor(user.id, factor.id))
    equal("none left", done("factors", await client.list_factors(user.id)), [])
    supported = done("supported", await client.list_supported_factors(user.id))
    kinds = {(one.provider, one.factor_type) for one in supported}
    assert ("OKTA", "question") in kinds, kinds


async def logs(client, user):
    condition = f'eventType eq "user.lifecycle.create" and target.id eq "{user.id}"'
    events = done("log", await client.list_log_events(filter=condition))
    equal("events", len(events), 1)
    equal("event", events[0].event_type, "user.lifecycle.create")
    equal("outcome", events[0].outcome.result, "SUCCESS")
    equal("target", events[0].target[0].id, user.id)
    bad = await client.list_log_events(filter="eventType eq")
    refused("a bad filter", bad, 400, "E0000053")


async def end(client, user):
    done("deactivate", await client.deactivate_user(user.id))
    gone = done("get user", await client.get_user(user.id))
    equal("deactivated", gone.status, "DEPROVISIONED")
    done("delete", await client.delete_user(user.id))
    refused("a deleted user", await client.get_user(user.id), 404, "E0000007")


async def story(name, client, by_login):
    prefix = f"{name}{time.time_ns()}"
    user = await users(client, prefix, by_login)
    await paging(client, prefix)
    await groups(client, prefix, user)
    await apps(client, prefix, user)
    await policies(client, prefix)
    await factors(client, user)
    await logs(client, user)
    await end(client, user)




async def main():
    url = os.environ["SANDBOX_URL"]
    # The SDK reads this one from the environment only.
    os.environ["OKTA_TESTING_TESTINGDISABLEHTTPSCHECK"] = "true"
    token = Client({"orgUrl": url, "token": os.environ["SANDBOX_TOKEN"]})
    await story("pyt", token, by_login=True)
    wrong = Client({"orgUrl": url, "token": "00wrong"})
    refused("a wrong token", await wrong.list_users(), 401, "E0000011")

    app = {
        "orgUrl": url,
        "authorizationMode": "PrivateKey",
        "clientId": os.environ["SANDBOX_CLIENT_ID"],
        "scopes": os.environ["SANDBOX_SCOPES"].split(" "),
        "privateKey": os.environ["SANDBOX_PRIVATE_KEY"],
        "kid": os.environ["SANDBOX_KEY_ID"],
        "dpopEnabled": True,
    }
    # By id only: the SDK's proof names `%40` where its request has `@`, which are different URLs.
    await story("pya", Client(app), by_login=False)
    narrow = Client({**app, "scopes": ["okta.groups.read"]})
    done("allowed by scope", await narrow.list_groups())
    # The service says this in a header alone; the SDK takes an empty body for no error.
    data, answer, _ = await narrow.list_users()
    equal("a scope that the token lacks", (data, answer.status_code), (None, 403))
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"], answer.headers
    print(f"python: {CHECKS} checks passed")


asyncio.run(main())
