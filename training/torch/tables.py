"""Embedding tables that are read and updated together: those of one dimension and one L2 penalty, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from exchange import gathered, process, share
from optimizers import Occurrences, Optimizer, Settings, SparseRule
from stored import StoredRows

Columns = Mapping[str, Tensor]
Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Field:
    """Ids that a row has, and where their embeddings stand."""

    facts: Facts
    begin: int  # First of its ids, among those that a row has in all fields of the tables.
    first_row: int  # Of its table, in all rows of the tables.

    @property
    def end(self) -> int:
        return self.begin + int(self.facts["length"])

    @property
    def is_summed(self) -> bool:
        """Whether the embeddings of a row are added up."""
        return bool(self.facts["length"] > 1 and self.facts["step"] == 0)

    @property
    def has_coefficients(self) -> bool:
        return bool(self.facts["hasCoefficients"]) or self.facts["trainedOn"] is not None


@dataclass(frozen=True)
class Run:
    """Ids side by side, whose embeddings stand side by side from column `offset` on, or are added up there."""

    begin: int
    end: int
    offset: int
    is_summed: bool


class Tables:
    """Tables of one dimension and penalty as one matrix, with the fields that read them."""

    def __init__(self, tables: Sequence[Facts], fields: Sequence[Facts], rows: StoredRows, device: torch.device) -> None:
        self.dimension, self._l2 = tables[0]["dimension"], tables[0]["l2"]
        self.stored = rows
        self.ranges: dict[str, slice] = {}
        end = 0
        for table in tables:
            self.ranges[table["name"]] = slice(end, end + table["rows"])
            end += table["rows"]
        self.fields: list[Field] = []
        length = 0
        for facts in fields:
            if facts["table"] in self.ranges:
                self.fields.append(Field(facts, length, self.ranges[facts["table"]].start))
                length += facts["length"]
        self._runs = runs_of(self.fields, self.dimension)
        first = [row for field in self.fields for row in [field.first_row] * field.facts["length"]]
        self._first_row = torch.tensor(first, dtype=torch.int32 if end < 2**31 else torch.int64, device=device)

    def ids(self, columns: Columns) -> Tensor:
        """Returns the row of each id, [rows, ids]."""
        parts = [columns[f"ids/{field.facts['input']}"] for field in self.fields]
        return torch.cat([part.reshape(len(part), -1) for part in parts], 1) + self._first_row

    def coefficients(self, columns: Columns) -> Tensor | None:
        """Returns the coefficient of each id, [rows, ids]: 0 in rows that do not train the table; None where all are 1."""
        if not any(field.has_coefficients for field in self.fields):
            return None
        parts = []
        for field in self.fields:
            facts = field.facts
            rows = len(columns[f"ids/{facts['input']}"])
            shape = (rows, facts["length"])
            given = columns.get(f"coefficients/{facts['input']}") if facts["hasCoefficients"] else None
            values = given.reshape(shape) if given is not None else torch.ones(shape, device=self._first_row.device)
            if facts["trainedOn"] is not None:
                values = values * (columns[f"label/{facts['trainedOn']}"] == 1).to(values.dtype).reshape(-1, 1)
            parts.append(values)
        return torch.cat(parts, 1)

    def embedded(self, ids: Tensor, coefficients: Tensor | None) -> Tensor:
        """Returns the embedding of each id times its coefficient, [rows, ids, dimension], of rows that all processes have alike."""
        return scaled(self.stored.lookup(ids), coefficients)

    def embedded_share(self, ids: Tensor, coefficients: Tensor | None, rows: int) -> Tensor:
        """Returns the same for this process's rows of a batch of `rows` rows."""
        if not self.stored.is_divided:
            return self.embedded(ids, coefficients)
        return scaled(self.stored.lookup(gathered(ids, rows))[share(rows, process())], coefficients)

    def update(self, ids: Tensor, coefficients: Tensor | None, gradient: Tensor, rule: SparseRule, settings: Settings, rows: int) -> None:
        """Updates the rows that are read, by the gradient of the whole embedded matrix of this process's rows of a batch of `rows`."""
        parts = []
        for run in self._runs:
            length = run.end - run.begin
            width = self.dimension if run.is_summed else length * self.dimension
            part = gradient[:, run.offset : run.offset + width].reshape(len(gradient), -1, self.dimension)
            parts.append(part.expand(-1, length, -1) if run.is_summed else part)
        gradients = joined(parts)
        if coefficients is None:
            read = torch.ones(ids.shape, device=ids.device)
        else:
            gradients = gradients * coefficients.unsqueeze(2)
            read = (coefficients != 0).to(gradients.dtype)
        occurrences = Occurrences(*(gathered(part, rows) for part in (ids, gradients, read)))
        flat = Occurrences(occurrences.ids.reshape(-1), occurrences.gradients.reshape(-1, self.dimension), occurrences.read.reshape(-1))
        self.stored.update(flat, rule, settings, self._l2 / rows)

    def blocks(self, embedded: Tensor) -> list[tuple[int, Tensor]]:
        """Returns blocks of the embedded matrix, each with its first column, from the embeddings of all ids."""
        found = []
        for run in self._runs:
            own = embedded[:, run.begin : run.end]
            found.append((run.offset, own.sum(1) if run.is_summed else own.reshape(len(own), -1)))
        return found

    def named(self, values: Tensor) -> dict[str, Tensor]:
        """Returns the part of each table of what has an entry for each row, by name."""
        return {name: values[rows].clone() for name, rows in self.ranges.items()}


def grouped(facts: Facts, initial: Any, optimizer: Optimizer, device: torch.device, is_divided: bool) -> list[Tables]:
    """Returns the tables of a network, those of one dimension and penalty together; `initial` is an open file of weights."""
    kinds: dict[tuple[int, float], list[Facts]] = {}
    for table in facts["tables"]:
        kinds.setdefault((table["dimension"], table["l2"]), []).append(table)
    return [
        Tables(tables, facts["fields"], StoredRows(tables, initial, optimizer, device, is_divided), device) for tables in kinds.values()
    ]


def runs_of(fields: Sequence[Field], dimension: int) -> list[Run]:
    """Returns the fields as runs: neighbours in the ids and in the embedded matrix are one."""
    runs: list[Run] = []
    for field in fields:
        offset = field.facts["offset"]
        last = runs[-1] if runs else None
        joins = last is not None and not last.is_summed and not field.is_summed
        if last is not None and joins and last.offset + (last.end - last.begin) * dimension == offset:
            runs[-1] = Run(last.begin, field.end, last.offset, False)
        else:
            runs.append(Run(field.begin, field.end, offset, field.is_summed))
    return runs


def scaled(values: Tensor, coefficients: Tensor | None) -> Tensor:
    """Returns embeddings, [rows, ids, dimension], times the coefficient of each id, [rows, ids]."""
    return values if coefficients is None else values * coefficients.unsqueeze(2)


def joined(parts: Sequence[Tensor]) -> Tensor:
    """Returns tensors side by side."""
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), 1)


def embedded_matrix(groups: Sequence[Tables], embedded: Sequence[Tensor]) -> Tensor:
    """Returns the embedded matrix, [rows, width], from the embeddings of each group: fields in the order of their columns."""
    blocks = [block for group, part in zip(groups, embedded, strict=True) for block in group.blocks(part)]
    return joined([block for _, block in sorted(blocks, key=lambda block: block[0])])
