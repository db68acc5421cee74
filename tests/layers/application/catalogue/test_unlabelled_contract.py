"""The algorithms that need no truth, or not in every row, keep the contract."""

from minerva.layers.application.catalogue.density_clusters import Dbscan, Hdbscan
from minerva.layers.application.catalogue.isolation import IsolationForest
from minerva.layers.application.catalogue.kmeans import KMeans
from minerva.layers.application.catalogue.pca import PrincipalComponents
from minerva.layers.application.catalogue.semi_supervised import Propagation, SelfTraining
from minerva.testing import AlgorithmContract


class TestKMeans(AlgorithmContract):
    algorithm = KMeans()
    output = "integer"


class TestDbscan(AlgorithmContract):
    algorithm = Dbscan()
    output = "integer"


class TestHdbscan(AlgorithmContract):
    algorithm = Hdbscan()
    output = "integer"
    parameters = {"smallest": 5}


class TestIsolationForest(AlgorithmContract):
    algorithm = IsolationForest()
    output = "boolean"


class TestPrincipalComponents(AlgorithmContract):
    algorithm = PrincipalComponents()


class TestSelfTraining(AlgorithmContract):
    algorithm = SelfTraining()
    output = "category"


class TestPropagation(AlgorithmContract):
    algorithm = Propagation()
    output = "category"


class TestPropagationOfTruth(TestPropagation):
    output = "boolean"
