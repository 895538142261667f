"""The routers of all pages that need somebody signed in."""

from fastapi import APIRouter

PAGES: tuple[APIRouter, ...] = ()
"""In the order in which their routes are looked through."""
