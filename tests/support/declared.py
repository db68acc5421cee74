"""A service that needs no training, as a workspace declares it."""

ANSWER = """
service: answer
algorithm: constant
parameters: {output: {answer: 42}}
schema:
  inputs: {question: {type: text, nullable: true}}
  output: {answer: {type: number}}
"""
