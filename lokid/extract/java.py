"""Builds of the JVM: Maven, Gradle, their tests and their dependencies."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import (
    ECHO,
    SUM,
    Extractor,
    Found,
    Sample,
    ahead,
    by_pattern,
)
from lokid.frames import base_of

_SUREFIRE = re.compile(
    r"\[ERROR\]\s+(?:Tests? )?(?P<class>[A-Z]\w*)\.(?P<test>\w+):\d+ (?P<said>\S.*)"
)
_NO_ARTIFACT = re.compile(
    r".*(?:Could not find artifact (?P<group>[\w.-]+):(?P<name>[\w.-]+)"
    r":(?:\w+:)?(?P<version>[\w.-]+)"
    r"|Could not find (?P<group2>[\w.-]+):(?P<name2>[\w.-]+)"
    r":(?P<version2>[\w.-]+?)\.?$)"
)
_GOAL = re.compile(
    r"\[ERROR\] Failed to execute goal \S*?(?P<goal>[\w-]+:[\w-]+)(?: "
    r"\(.*?\))? on project"
    r"[^:]*: (?P<said>[^:]+)"
)
_TASK = re.compile(
    r"(?:> Task (?P<task>:\S+) FAILED|Execution failed for task '(?P<task2>:[^']+)'\.)$"
)
_WRONG = ahead(r"(?:> )?(?P<said>\S.*)")
_GRADLE_TEST = re.compile(r"(?P<class>[A-Z]\w*) > (?P<test>.+?) FAILED$")
_THROWN = ahead(
    r"\s+(?P<said>[\w.$]+(?:Error|Exception|Failure)(?:: .*)?) at (?P<file>\S+)$"
)
_CLASS_FILE = re.compile(
    r"Error: (?P<said>Could not find or load main class"
    r"|Unable to access jarfile) (?P<what>\S+)"
)


def _surefire(lines: Sequence[str], at: int) -> Found | None:
    """Maven's summary of a failed test."""
    found = _SUREFIRE.match(lines[at].strip())
    if found is None:
        return None
    said = found["said"].removeprefix("» ")
    where = f"{found['class']}.java:{found['test']}"
    return Found(f"maven test: {said}", (where,), rank=SUM)


def _artifact(lines: Sequence[str], at: int) -> Found | None:
    """A dependency that no repository has."""
    found = _NO_ARTIFACT.match(lines[at].strip())
    if found is None:
        return None
    name, version = (
        found["name"] or found["name2"],
        found["version"] or found["version2"],
    )
    tool = "mvn" if "artifact" in found[0] else "gradle"
    return Found(f"{tool}: Could not find {name}@{version}")


def _goal(lines: Sequence[str], at: int) -> Found | None:
    """What Maven says in the end."""
    found = _GOAL.match(lines[at].strip())
    return found and Found(f"mvn: {found['goal']}: {found['said']}")


def _task(lines: Sequence[str], at: int) -> Found | None:
    """The task in which Gradle failed."""
    found = _TASK.match(lines[at].strip())
    if found is None:
        return None
    why = _WRONG(lines, at, 1) if found["task2"] else None
    told = f": {why['said']}" if why else ""
    return Found(f"gradle: {found['task'] or found['task2']}{told}")


def _gradle(lines: Sequence[str], at: int) -> Found | None:
    """What went wrong, by Gradle; a task's failure says less than the task."""
    if lines[at].strip() != "* What went wrong:":
        return None
    below = next((line.strip() for line in lines[at + 1 : at + 3] if line.strip()), "")
    if not below or below.startswith("Execution failed for task"):
        return None
    return Found(f"gradle: {below}")


def _gradle_test(lines: Sequence[str], at: int) -> Found | None:
    """A failed test, with what it threw."""
    found = _GRADLE_TEST.match(lines[at].strip())
    if found is None:
        return None
    test = found["test"].removesuffix("()")
    thrown = _THROWN(lines, at, 2)
    where = base_of(thrown["file"]) if thrown else f"{found['class']}.java"
    said = thrown["said"] if thrown else f"{found['class']}.{test}"
    if thrown:
        head, colon, rest = said.partition(": ")
        said = head.split(".")[-1] + colon + rest
    told = said if thrown else f"gradle test: {said}"
    return Found(told, (f"{where}:{test}",), at=at + 1 if thrown else None)


def _main_class(lines: Sequence[str], at: int) -> Found | None:
    """``java`` does not find what it shall run."""
    found = _CLASS_FILE.match(lines[at].strip())
    if found is None:
        return None
    jar = found["what"].endswith(".jar")
    what = base_of(found["what"]) if jar else found["what"].split(".")[-1]
    return Found(f"java: {found['said']} {what}")


EXTRACTORS = (
    Extractor(
        name="maven test",
        words=("[ERROR] ",),
        find=_surefire,
        samples=(
            Sample(
                "[ERROR] Failures: \n"
                "[ERROR]   CartTest.sums:12 expected: <5> but was: <7>\n"
                "[INFO] \n[ERROR] Tests run: 3, Failures: 1, Errors: 0, Skipped: 0",
                "maven test: expected: {n} but was: {n}",
                "test failed",
                ("CartTest.java:sums",),
            ),
        ),
    ),
    Extractor(
        name="missing artifact",
        words=("Could not find ",),
        find=_artifact,
        samples=(
            Sample(
                "[ERROR] Failed to execute goal on project shop: Could not resolve "
                "dependencies: Could not find artifact com.shop:till:jar:9.9 in "
                "central (https://repo.example.org/maven)",
                "mvn: Could not find till@9.9",
                "mvn error",
            ),
            Sample(
                "> Could not resolve all files for configuration ':compileClasspath'.\n"
                "   > Could not find com.shop:till:9.9.\n"
                "     Searched in the following locations:",
                "gradle: Could not find till@9.9",
                "gradle error",
            ),
        ),
    ),
    Extractor(
        name="maven's end",
        words=("Failed to execute goal",),
        find=_goal,
        rank=ECHO,
        samples=(
            Sample(
                "[ERROR] Failed to execute goal org.maven.plugins:surefire-plugin:3.2.5"
                ":test (default-test) on project shop: There are test failures.",
                "mvn: {n}:test: There are test failures.",
                "mvn error",
            ),
        ),
    ),
    Extractor(
        name="maven itself",
        words=("[ERROR] ",),
        find=by_pattern(
            r"\[ERROR\] (?P<said>The goal you specified .+|Unknown lifecycle phase .+"
            r"|Non-parseable POM .+|No plugin found .+|The build could not read .+"
            r"|'[\w.]+' is missing.+|Could not find the selected project .+)",
            "mvn: {said}",
        ),
        rank=SUM,
        samples=(
            Sample(
                "[ERROR] The goal you specified requires a project to execute but "
                "there "
                "is no POM in this directory (/srv/shop).",
                "mvn: The goal you specified requires a project to execute but "
                "there is "
                "no POM in this directory ({path}).",
                "mvn error",
            ),
        ),
    ),
    Extractor(
        name="gradle itself",
        words=("* What went wrong:",),
        find=_gradle,
        rank=SUM,
        samples=(
            Sample(
                "FAILURE: Build failed with an exception.\n\n* What went wrong:\n"
                "Task 'sell' not found in root project 'shop'.",
                "gradle: Task 'sell' not found in root project 'shop'.",
                "gradle error",
            ),
        ),
    ),
    Extractor(
        name="gradle test",
        words=(" FAILED",),
        find=_gradle_test,
        samples=(
            Sample(
                "CartTest > sums() FAILED\n"
                "    org.opentest4j.AssertionFailedError: expected: <5> but was: <7> "
                "at CartTest.java:12",
                "AssertionFailedError: expected: {n} but was: {n}",
                "AssertionFailedError",
                ("CartTest.java:sums",),
            ),
        ),
    ),
    Extractor(
        name="gradle's end",
        words=("Execution failed for task", "> Task "),
        find=_task,
        rank=ECHO,
        samples=(
            Sample(
                "Execution failed for task ':compileJava'.\n"
                "> Compilation failed; see the compiler output below.",
                "gradle: :compileJava: Compilation failed; see the compiler output "
                "below.",
                "gradle error",
            ),
        ),
    ),
    Extractor(
        name="main class",
        words=("load main class", "access jarfile"),
        find=_main_class,
        samples=(
            Sample(
                "Error: Could not find or load main class com.shop.Till",
                "java: Could not find or load main class Till",
                "java error",
            ),
        ),
    ),
)
