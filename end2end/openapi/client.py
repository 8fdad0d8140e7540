"""Uses the generated Python client against a server: python client.py URL, with the client on PYTHONPATH."""

import sys
import time

from milepost_client import Client
from milepost_client.api.batches import start_batch
from milepost_client.api.tasks import cancel_task, get_task, get_task_log, get_task_result, list_tasks, start_task
from milepost_client.models import Problem, Snapshot, StartBatch, StartedTask, StartTask, Status


def main(url: str) -> None:
    client = Client(base_url=url, raise_on_unexpected_status=True)
    body = StartTask(kind="dataset", input_={"data": "a,b\n1,2\n3,4\n"})

    started = start_task.sync(client=client, body=body, prefer="wait=20", idempotency_key="python-1")
    assert isinstance(started, StartedTask), started
    assert started.existing is False and started.status == Status.COMPLETED, started
    again = start_task.sync(client=client, body=body, idempotency_key="python-1")
    assert isinstance(again, StartedTask) and again.existing and again.id == started.id, again

    snapshot = get_task.sync_detailed(started.id, client=client)
    assert isinstance(snapshot.parsed, Snapshot), snapshot
    assert snapshot.parsed.finished_at.tzinfo is not None, snapshot.parsed.finished_at
    not_modified = get_task.sync_detailed(started.id, client=client, if_none_match=snapshot.headers["etag"])
    assert not_modified.status_code == 304, not_modified

    result = get_task_result.sync_detailed(started.id, client=client)
    assert result.status_code == 200 and b"columns" in result.content, result
    log = get_task_log.sync(started.id, client=client)
    assert log.next_ >= 0 and isinstance(log.lines, list), log

    batch = start_batch.sync(client=client, body=StartBatch(kind="dataset", inputs=[{"data": "x\n1\n"}, {"data": "y\n2\n"}]))
    assert len(batch.tasks) == 2, batch
    cancelled = cancel_task.sync(batch.tasks[0].id, client=client)
    assert isinstance(cancelled, Snapshot), cancelled
    end = time.monotonic() + 20
    while get_task.sync(batch.tasks[1].id, client=client).status not in (Status.COMPLETED, Status.ERROR):
        assert time.monotonic() < end, "the second task has not ended"
        time.sleep(0.1)
    assert list_tasks.sync(client=client).tasks == [], "a caller without a session has no list"

    problem = start_task.sync(client=client, body=StartTask(kind="nothing"))
    assert isinstance(problem, Problem) and problem.status == 400 and problem.code == "unknown_kind", problem
    assert problem.type_.endswith("docs/http.md#unknown_kind"), problem


main(sys.argv[1])
