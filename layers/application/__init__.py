"""BYOMOA: the built-in algorithms, plugins like anyone's."""
