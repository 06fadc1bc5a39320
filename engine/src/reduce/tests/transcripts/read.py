"""Writes transcripts of triggers as JSON: those of a YAML file, or else those of Beam."""

import importlib.util
import json
import os
import sys

import yaml


def beams_transcripts():
    # Beam is found and not imported, which takes seconds.
    folder = importlib.util.find_spec("apache_beam").submodule_search_locations[0]
    return os.path.join(folder, "testing", "data", "trigger_transcripts.yaml")


path = sys.argv[1] if len(sys.argv) > 1 else beams_transcripts()
with open(path, encoding="utf-8") as file:
    json.dump([document for document in yaml.safe_load_all(file) if document], sys.stdout)
