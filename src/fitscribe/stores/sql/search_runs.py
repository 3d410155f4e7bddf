"""Searching runs: walk an index in the wanted order, or start from what the filter finds.

Neither is good for all: a walk finds a page of common runs at once and of rare ones at the end,
and what a filter finds may be a few runs or nearly all. The databases keep no statistics that
would tell. So a search counts a little of each term, walks a little, looks at a sample, and from
what that found it estimates what is still ahead: on the walk, or from the rarest terms. However
the guesses turn out, it does little more than twice what the better way takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, select

from fitscribe.core.caller import Caller
from fitscribe.core.entities import PagedList
from fitscribe.core.filters import RUNS, Comparison, OrderItem, parse, parse_order
from fitscribe.core.paging import MOST_RESULTS, check_max_results, encode_token
from fitscribe.stores.sql.engine import Connection
from fitscribe.stores.sql.ids import experiment_numbers
from fitscribe.stores.sql.locations import Locations
from fitscribe.stores.sql.search import among, lifecycles_of, read_token
from fitscribe.stores.sql.search_run_order import Order
from fitscribe.stores.sql.search_run_terms import (
    RUN,
    Scope,
    Term,
    comparisons,
    count,
    shares,
    terms_of,
)
from fitscribe.stores.sql.statements import Row
from fitscribe.stores.sql.visibility import visible

__all__ = ["search_runs"]

# Where a term finds fewer runs than this, the search starts from them, whatever else it says.
FEW = 2000
# What it takes to walk past a run: so many times a look-up where its terms are looked up, and so
# many times the reading of a run from a term's index where those that it finds are known.
WALKED = 2
PASSED = 5
# Counting and reading the runs of terms pays where it takes less than this part of the walk.
PART = 0.25
# More runs than this are not read into memory, to say nothing of all that a term finds.
MANY = 1_000_000
# So many runs tell how common a term is; of a sample of all, so many have to be of the search.
SAMPLE = 128
ENOUGH = 32
# A walk begins with so many times a page; then it reads so many times what it seems to need, and
# at most so many runs at a time.
FIRST = 4
AMPLE = 1.25
LONGEST = 20_000


def search_runs(
    connection: Connection,
    caller: Caller,
    locations: Locations,
    experiment_ids: Iterable[str],
    filter_string: str,
    order_by: Sequence[str],
    view_type: int,
    max_results: int,
    page_token: str | None,
) -> PagedList[int]:
    """Return the numbers of a page of runs, in order."""
    limit = check_max_results(max_results, MOST_RESULTS)
    lifecycles = lifecycles_of(view_type)
    tree = parse(filter_string, RUNS)
    items = parse_order(order_by or (), RUNS)
    numbers = experiment_numbers(experiment_ids)
    query = ("runs", numbers, filter_string or "", list(order_by or ()), view_type)
    allowed = visible(caller)
    if allowed is not None:
        numbers = [number for number in numbers if number in allowed]
    if not numbers:
        return PagedList()
    named: list[Comparison | OrderItem] = [*items, *comparisons(tree)]
    scope = Scope(connection, caller, locations, numbers, lifecycles, named)
    terms = terms_of(scope, tree)
    order = Order(scope, items, [term.node for term in terms])
    after = read_token(page_token, query, len(order.keys()))
    rows = _Search(scope, order, terms).page(after, limit + 1)
    token = encode_token(query, rows[limit - 1]) if len(rows) > limit else None
    return PagedList([row[-1] for row in rows[:limit]], token)


class _Search:
    """One search: the terms of its filter, and its order."""

    def __init__(self, scope: Scope, order: Order, terms: list[Term]) -> None:
        self._scope = scope
        self._order = order
        self._terms = terms  # those that remain to be looked up
        self._findable = [term for term in terms if term.finders]
        self._look_up_cost = scope.connection.look_up_cost
        self._counted = 0  # how many runs of each were counted, at most
        self._sampled: bool | None = None  # whether what they find is estimated

    def page(self, after: Sequence[Any] | None, limit: int) -> list[Row]:
        """Return the sort values of up to `limit` runs, the run's number last."""
        runs = self._start(FEW)
        if runs is not None:
            return self._sort(runs, after, limit)
        if self._order.is_walkable:
            return self._walk(after, limit)
        # Else every run would be looked up, and sorted.
        runs = self._start(MANY)
        if runs is not None:
            return self._sort(runs, after, limit)
        return self._order.scan([term.condition for term in self._terms], after, limit)

    # From the runs of the rarest terms

    def _start(self, most: int) -> set[int] | None:
        """Return the runs that the rarest terms leave, or None if each finds more than `most`."""
        while self._findable and self._counted < most:
            if self._counted and self._sampled is None:
                self._sampled = self._estimate()
            if self._sampled:
                self._counted = most
            else:
                self._counted = min(max(FEW, 4 * self._counted, 1), most)
                count(self._scope.connection, self._findable, self._counted)
            if any(term.size <= self._counted for term in self._findable):
                return self._common()
        return None

    def _estimate(self) -> bool:
        """Estimate from a sample of all runs what terms find; return whether it was enough.

        Of a million runs it costs less than to count on. Where the experiments are a small part
        of the store, the sample has too few of their runs, and there is less to count.
        """
        connection = self._scope.connection
        ((last,),) = connection.select(select(func.max(RUN.c.id)))
        drawn = range(1, last + 1, max(1, last // SAMPLE))
        sample = self._scope.sample(drawn)
        if len(sample) < ENOUGH:
            return False
        own = last * len(sample) / len(drawn)
        for term, share in zip(
            self._findable, shares(connection, self._findable, sample), strict=True
        ):
            term.size = int(own * share)
        return True

    def _common(self) -> set[int]:
        """Return the runs of the rarest term that others have, too, as far as it pays to read."""
        known = [term for term in self._findable if self._sampled or term.size <= self._counted]
        rarest, *others = sorted(known, key=lambda term: term.size)
        runs, read = set(rarest.runs()), [rarest]
        if len(runs) > FEW:
            others = self._by_gain(others, sorted(runs))
        for term in others:
            if term.size <= self._look_up_cost * len(runs):
                runs = runs.intersection(term.runs())
                read.append(term)
        self._terms = [term for term in self._terms if term not in read]
        self._findable = []
        return runs

    def _by_gain(self, terms: list[Term], runs: list[int]) -> list[Term]:
        """Return those terms first that leave the fewest of some runs for what reading takes."""
        sample = runs[:: max(1, len(runs) // SAMPLE)]
        kept = shares(self._scope.connection, terms, sample)
        costs = {term: term.size / (1 - share) for term, share in zip(terms, kept, strict=True)}
        return sorted(terms, key=costs.__getitem__)

    def _sort(self, runs: set[int], after: Sequence[Any] | None, limit: int) -> list[Row]:
        """Return the first of some runs that satisfy what remains of the filter."""
        for term in sorted(self._terms, key=lambda term: term.size or LONGEST):
            if len(runs) <= limit:
                break
            runs = term.keep(runs)
            self._terms.remove(term)
        conditions = [term.condition for term in self._terms]
        return self._order.sort(runs, [self._scope.shown(), *conditions], after, limit)

    # In order

    def _walk(self, after: Sequence[Any] | None, limit: int) -> list[Row]:
        """Return the first runs of an index that satisfy the filter."""
        found: list[Row] = []
        runs: set[int] | None = None
        walked, length = 0, limit
        if self._terms:
            length = max(limit, min(limit * FIRST, LONGEST))
        while True:
            rows = self._order.walk(after, length)
            found += self._satisfying(rows, runs)
            if len(found) >= limit or len(rows) < length:
                return found[:limit]
            after = rows[-1]
            walked += length
            ahead = (limit - len(found)) * walked / (len(found) + 1)
            if runs is None:
                runs = self._start(min(int(ahead * WALKED * self._look_up_cost * PART), MANY))
            if runs is not None and len(runs) * self._look_up_cost <= ahead * PASSED:
                return found + self._sort(runs, after, limit - len(found))
            length = int(min(max(ahead * AMPLE, limit), 8 * length, max(LONGEST, limit)))

    def _satisfying(self, rows: list[Row], runs: set[int] | None) -> list[Row]:
        """Return those rows of a walk whose runs are of the view and satisfy the filter."""
        if runs is not None:
            rows = [row for row in rows if row[-1] in runs]
        terms = [term for term in self._terms if term.node not in self._order.bounds]
        if not terms:
            # Most often nothing is in the bin, and no run has to be looked up.
            hidden = set() if self._order.is_of_view else self._scope.hidden(FEW)
            if hidden is not None:
                return [row for row in rows if row[-1] not in hidden]
        if not rows:
            return []
        connection = self._scope.connection
        terms.sort(key=lambda term: term.size or LONGEST)
        query = select(RUN.c.id).where(
            among(connection, RUN.c.id, [row[-1] for row in rows]),
            self._scope.shown(),
            *(term.condition for term in terms),
        )
        satisfying = set(connection.numbers(query))
        return [row for row in rows if row[-1] in satisfying]
