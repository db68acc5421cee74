"""Every queue does what the port promises."""

from __future__ import annotations

import uuid

import pytest

from minerva.adapters.queue.celery_queue import CeleryQueue
from minerva.adapters.queue.memory import MemoryQueue
from minerva.testing.adapters import JobQueueContract


class TestMemoryQueue(JobQueueContract):
    @pytest.fixture
    def queue(self):
        return MemoryQueue()

    @pytest.fixture
    def receive(self, queue):
        return lambda: queue.sent.popleft() if queue.sent else None


class CeleryQueueContract(JobQueueContract):
    @pytest.fixture
    def app(self, celery, url):
        return celery(url)

    @pytest.fixture
    def queue(self, app):
        return CeleryQueue(app)

    @pytest.fixture
    def receive(self, app, take):
        return take(app)


class TestFilesystemQueue(CeleryQueueContract):
    @pytest.fixture
    def url(self, folder_url):
        return folder_url


class TestRedisQueue(CeleryQueueContract):
    @pytest.fixture
    def url(self, redis_url):
        return redis_url


@pytest.mark.needs("rabbitmq-server")
class TestRabbitQueue(CeleryQueueContract):
    @pytest.fixture
    def url(self, rabbit_url):
        return rabbit_url


class TestCeleryMemoryQueue(CeleryQueueContract):
    @pytest.fixture
    def url(self):
        return f"memory://{uuid.uuid4().hex}"
