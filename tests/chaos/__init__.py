"""Tests of the chaos harness: its checker finds each planted violation, and its plans follow from their seeds.

One short run plays a fault of each main class against a real daemon.
"""
