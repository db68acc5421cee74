"""The supervised algorithms of the catalogue keep the contract."""

from minerva.layers.application.catalogue.bayes import BayesClassifier
from minerva.layers.application.catalogue.belief import BeliefClassifier, BeliefRegressor
from minerva.layers.application.catalogue.forest import ForestClassifier, ForestRegressor
from minerva.layers.application.catalogue.linear import LinearClassifier, LinearRegressor
from minerva.layers.application.catalogue.neighbours import (
    NeighboursClassifier,
    NeighboursRegressor,
)
from minerva.layers.application.catalogue.network import NetworkClassifier, NetworkRegressor
from minerva.layers.application.catalogue.svm import SvmClassifier, SvmRegressor
from minerva.testing import AlgorithmContract


class TestLinearRegressor(AlgorithmContract):
    algorithm = LinearRegressor()


class TestLinearRegressorOfWholeNumbers(TestLinearRegressor):
    output = "integer"


class TestLinearClassifier(AlgorithmContract):
    algorithm = LinearClassifier()
    output = "category"


class TestLinearClassifierOfTruth(TestLinearClassifier):
    output = "boolean"


class TestForestRegressor(AlgorithmContract):
    algorithm = ForestRegressor()


class TestForestClassifier(AlgorithmContract):
    algorithm = ForestClassifier()
    output = "category"


class TestNeighboursRegressor(AlgorithmContract):
    algorithm = NeighboursRegressor()


class TestNeighboursClassifier(AlgorithmContract):
    algorithm = NeighboursClassifier()
    output = "category"


class TestSvmRegressor(AlgorithmContract):
    algorithm = SvmRegressor()


class TestSvmClassifier(AlgorithmContract):
    algorithm = SvmClassifier()
    output = "category"


class TestSvmClassifierOfTruth(TestSvmClassifier):
    output = "boolean"


class TestNetworkRegressor(AlgorithmContract):
    algorithm = NetworkRegressor()


class TestNetworkClassifier(AlgorithmContract):
    algorithm = NetworkClassifier()
    output = "category"


class TestBeliefRegressor(AlgorithmContract):
    algorithm = BeliefRegressor()


class TestBeliefClassifier(AlgorithmContract):
    algorithm = BeliefClassifier()
    output = "category"


class TestBeliefClassifierOfTruth(TestBeliefClassifier):
    output = "boolean"


class TestBayesClassifier(AlgorithmContract):
    algorithm = BayesClassifier()
    output = "category"
