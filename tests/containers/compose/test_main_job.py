"""The demo's main job through containers, and what of it stays."""

from waiting import wait_until


def test_customers_get_risk_badges_by_a_champion_that_the_worker_trained(shop):
    customer = shop.legacy("/api/customers/C-00001")

    assert customer["risk"]["band"] in {"low", "medium", "high"}
    assert customer["risk"]["degraded"] is False
    assert str(shop.champion()) == customer["risk"]["version"]
    assert {one["version"] for one in shop.legacy("/api/riskiest?limit=50")["customers"]} == {"1"}


def test_one_request_is_followed_through_the_log_that_all_containers_share(shop):
    shop.legacy("/api/customers/C-00002", {"X-Request-ID": "followed-1"})

    def whole():
        found = shop.events("followed-1")
        return found if "page.served" in {one["event"] for one in found} else None

    events = wait_until(whole)
    assert {one["component"] for one in events} >= {"legacy", "web", "worker", "job"}


def test_everything_is_there_again_after_down_and_up(shop):
    before = shop.champion(), shop.minerva("keys")["keys"], shop.legacy("/api/riskiest")
    shop.legacy("/api/customers/C-00003", {"X-Request-ID": "followed-2"})

    shop.project.must("down")
    assert shop.project.health() == {}
    shop.up()

    assert (shop.champion(), shop.minerva("keys")["keys"], shop.legacy("/api/riskiest")) == before
    assert {one["component"] for one in shop.events("followed-2")} >= {"legacy", "web", "job"}
    assert shop.legacy("/api/customers/C-00003")["risk"]["version"] == str(before[0])
