"""What browsers are told when something breaks."""

import logging
import sys

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

log = logging.getLogger(__name__)


def server_error(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Log the error without the address, which may hold personal data, and say sorry.

    Django's own logger names the path of each refused request, so it is switched off.
    """
    log.error("An error that nothing expected.", exc_info=sys.exc_info())
    return HttpResponse(render_to_string("500.html"), status=500)
