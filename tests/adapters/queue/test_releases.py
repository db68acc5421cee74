"""Two installations on one Redis, by mistake or to save one."""

from queue import Empty

from minerva.adapters.queue.celery_app import make_celery
from minerva.adapters.queue.celery_queue import CeleryQueue


def taken(app):
    """The ids that a worker of this application would be told."""
    with app.connection_for_read() as connection:
        waiting = connection.SimpleQueue("train")
        try:
            message = waiting.get(block=False)
        except Empty:
            return None
        message.ack()
        return message.payload[0][0]


def test_named_releases_do_not_take_each_others_messages(redis_url):
    shop, bank = make_celery(redis_url, "shop"), make_celery(redis_url, "bank")

    CeleryQueue(shop).send("job-1", "train")

    assert (taken(bank), taken(shop)) == (None, "job-1")
    shop.close()
    bank.close()


def test_releases_without_a_name_do(redis_url):
    one, other = make_celery(redis_url), make_celery(redis_url)

    CeleryQueue(one).send("job-1", "train")

    assert taken(other) == "job-1"
    one.close()
    other.close()
