"""Writes Beam's standard_coders.yaml as JSON: bytes as Latin-1 text, examples as lists of pairs."""

import json
import os
import sys

import apache_beam
import yaml

folder = os.path.join(os.path.dirname(apache_beam.__file__), "portability", "api")
with open(os.path.join(folder, "standard_coders.yaml"), encoding="utf-8") as file:
    documents = [document for document in yaml.safe_load_all(file) if document]
for document in documents:
    document["examples"] = [list(example) for example in document["examples"].items()]
json.dump(documents, sys.stdout)
