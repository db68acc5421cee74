"""The scoring protocol of MLflow 2 and 3.

https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/#inference-server-specification
"""
