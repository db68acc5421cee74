"""The plugin that brings the catalogue; what an algorithm learns with is imported when it learns."""

from __future__ import annotations

from collections.abc import Iterable

from minerva import Algorithm, hookimpl
from minerva.layers.application.catalogue.bandit import LinearBandit
from minerva.layers.application.catalogue.bayes import BayesClassifier
from minerva.layers.application.catalogue.belief import BeliefClassifier, BeliefRegressor
from minerva.layers.application.catalogue.density_clusters import Dbscan, Hdbscan
from minerva.layers.application.catalogue.forecaster import Forecaster
from minerva.layers.application.catalogue.forest import ForestClassifier, ForestRegressor
from minerva.layers.application.catalogue.hotspots import KernelDensity
from minerva.layers.application.catalogue.isolation import IsolationForest
from minerva.layers.application.catalogue.kmeans import KMeans
from minerva.layers.application.catalogue.linear import LinearClassifier, LinearRegressor
from minerva.layers.application.catalogue.neighbours import (
    NeighboursClassifier,
    NeighboursRegressor,
)
from minerva.layers.application.catalogue.network import NetworkClassifier, NetworkRegressor
from minerva.layers.application.catalogue.pca import PrincipalComponents
from minerva.layers.application.catalogue.ranker import PairwiseRanker
from minerva.layers.application.catalogue.recommender import Recommender
from minerva.layers.application.catalogue.recurrent import RecurrentForecaster
from minerva.layers.application.catalogue.semi_supervised import Propagation, SelfTraining
from minerva.layers.application.catalogue.sequences import (
    RecurrentClassifier,
    RecurrentRegressor,
)
from minerva.layers.application.catalogue.svm import SvmClassifier, SvmRegressor
from minerva.layers.application.catalogue.text import TextClassifier


@hookimpl
def minerva_algorithms() -> Iterable[Algorithm]:
    """Bring all of it."""
    return [
        LinearRegressor(),
        LinearClassifier(),
        ForestRegressor(),
        ForestClassifier(),
        NeighboursRegressor(),
        NeighboursClassifier(),
        SvmRegressor(),
        SvmClassifier(),
        NetworkRegressor(),
        NetworkClassifier(),
        BeliefRegressor(),
        BeliefClassifier(),
        RecurrentRegressor(),
        RecurrentClassifier(),
        BayesClassifier(),
        TextClassifier(),
        KMeans(),
        Dbscan(),
        Hdbscan(),
        IsolationForest(),
        PrincipalComponents(),
        SelfTraining(),
        Propagation(),
        Forecaster(),
        RecurrentForecaster(),
        Recommender(),
        PairwiseRanker(),
        KernelDensity(),
        LinearBandit(),
    ]
