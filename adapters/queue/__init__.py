"""The job queue: Celery on a folder, Redis or RabbitMQ, and one in memory."""
