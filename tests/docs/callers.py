"""Programs around the callers in docs/callers.md, whose very text they are built from.

Each is started as `PROGRAM key|record WHAT REQUEST_ID`, asks the service churn once, and prints the answer, or
`{"refused": CODE, "problem": …}`.
"""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "callers.md"

JAVA = """
class Main {
    public static void main(String[] given) {
        try {
            System.out.println(given[0].equals("key")
                ? Minerva.predictByKey("churn", given[1], given[2])
                : Minerva.predictByRecord("churn", given[1], given[2]));
        } catch (Minerva.Refused refused) {
            System.out.println("{\\"refused\\": \\"" + refused.code + "\\", \\"problem\\": " + refused.problem + "}");
        }
    }
}
"""
NODE = """
import { predictByKey, predictByRecord, Refused } from "./minerva.mjs";
const [how, what, id] = process.argv.slice(2);
try {
  const asked = how === "key" ? predictByKey("churn", what, id) : predictByRecord("churn", JSON.parse(what), id);
  console.log(JSON.stringify(await asked));
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  console.log(JSON.stringify({ refused: error.code, problem: JSON.parse(error.problem) }));
}
"""
PHP = """<?php
require __DIR__ . '/minerva.php';
[, $how, $what, $id] = $argv;
try {
    echo json_encode($how === 'key'
        ? Minerva::predictByKey('churn', $what, $id)
        : Minerva::predictByRecord('churn', json_decode($what, true), $id));
} catch (Refused $refused) {
    echo json_encode(['refused' => $refused->getCode(), 'problem' => json_decode($refused->getMessage())]);
}
"""
CSHARP = """
static class Program
{
    static void Main(string[] given)
    {
        System.Diagnostics.Trace.Listeners.Add(new System.Diagnostics.ConsoleTraceListener(true));
        System.Console.OutputEncoding = new System.Text.UTF8Encoding(false);
        try
        {
            var asked = given[0] == "key"
                ? Minerva.PredictByKey("churn", given[1], given[2])
                : Minerva.PredictByRecord("churn", given[1], given[2]);
            System.Console.WriteLine(asked.GetAwaiter().GetResult());
        }
        catch (Refused refused)
        {
            System.Console.WriteLine("{\\"refused\\": \\"" + refused.Code + "\\", \\"problem\\": " + refused.Problem + "}");
        }
    }
}
"""


def block(language: str) -> str:
    """The page's only block in a language."""
    (found,) = re.findall(
        rf"^```{language}\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    return found


def java(folder: Path) -> list[str]:
    """Compile, and return how to start it."""
    _write(folder, {"Minerva.java": block("java"), "Main.java": JAVA})
    _build(folder, "javac", "-encoding", "UTF-8", "--release", "11", "Main.java")
    utf_8 = ["-Dfile.encoding=UTF-8", "-Dsun.jnu.encoding=UTF-8"]
    return ["java", "-XX:TieredStopAtLevel=1", *utf_8, "-cp", str(folder), "Main"]


def node(folder: Path) -> list[str]:
    _write(folder, {"minerva.mjs": block("js"), "main.mjs": NODE})
    return ["node", str(folder / "main.mjs")]


def php(folder: Path) -> list[str]:
    _write(folder, {"minerva.php": block("php"), "main.php": PHP})
    return ["php", "-d", "display_errors=stderr", str(folder / "main.php")]


def csharp(folder: Path) -> list[str]:
    _write(folder, {"Minerva.cs": block("csharp"), "Program.cs": CSHARP})
    options = [
        "-langversion:5",
        "-define:TRACE",
        "-warnaserror",
        "-r:System.Net.Http",
        "-out:callers.exe",
    ]
    _build(folder, "mcs", *options, "Minerva.cs", "Program.cs")
    return ["mono", str(folder / "callers.exe")]


BUILDERS: dict[str, Callable[[Path], list[str]]] = {
    "java": java,
    "node": node,
    "php": php,
    "mcs": csharp,
}
"""By the program that the language needs."""


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def _build(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
