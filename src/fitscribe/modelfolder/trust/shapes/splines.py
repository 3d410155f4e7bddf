"""Splines of scipy, which SplineTransformer holds."""

from __future__ import annotations

from typing import Any

import numpy as np

from fitscribe.modelfolder.trust.shapes.fits import need

__all__ = ["CHECKS"]


def check(spline: Any) -> None:
    """Check a ``BSpline``: as many coefficients as its knots and its degree ask for."""
    knots, coefficients, degree = spline.t, spline.c, spline.k
    need(isinstance(degree, (int, np.integer)) and degree >= 0, "its degree is a whole number")
    need(knots.ndim == 1 and knots.dtype == np.float64, "its knots are numbers")
    need(knots.flags.c_contiguous and coefficients.flags.c_contiguous, "its arrays are whole")
    need(coefficients.dtype in (np.float64, np.complex128), "its coefficients are numbers")
    axis = spline.axis
    need(0 <= axis < coefficients.ndim, "its axis is one of its coefficients'")
    count = len(knots) - degree - 1
    need(count > degree and coefficients.shape[0] >= count, "each knot has its coefficients")
    need(bool((np.diff(knots) >= 0).all()), "its knots are in order")


CHECKS = {("scipy.interpolate._bsplines", "BSpline"): check}
