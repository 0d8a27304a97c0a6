"""Lists users or log events with the Python SDK: listing.py users|logs URL PACKAGES"""
import asyncio
import os
import re
import resource
import sys

os.environ["OKTA_TESTING_TESTINGDISABLEHTTPSCHECK"] = "true"
what, url, packages = sys.argv[1:4]
sys.path.insert(0, packages)

from okta.client import Client as OktaClient  # noqa: E402


async def main():
    client = OktaClient({
        "orgUrl": url, "token": "00bench", "cache": {"enabled": False},
    })
    call = client.list_users if what == "users" else client.list_log_events
    count = text = 0
    arguments = {}
    while True:
        items, response, error = await call(**arguments)
        if error:
            raise SystemExit(str(error))
        for item in items:
            count += 1
            text += len(item.id if what == "users" else item.uuid)
        link = response.headers.get("Link", "")
        after = re.search(r'[?&]after=([^&>]+)[^>]*>; rel="next"', link)
        if not after:
            break
        arguments = {"after": after.group(1)}
    usage = resource.getrusage(resource.RUSAGE_SELF)
    peak = re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read()).group(1)
    print(count, text, usage.ru_utime + usage.ru_stime, peak)


asyncio.run(main())
