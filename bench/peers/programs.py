"""What the scripts that run peers share: installing and running programs."""

import json
import os
import shutil
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
NODE = os.path.join(tempfile.gettempdir(), "deepfry-peers")  # holds node_modules
PYTHON = "/usr/bin/python3"


def install():
    packages = ["python3-torch", "python3-numpy", "python3-sklearn", "libopenblas0-pthread"]
    if shutil.which("npm") is None:
        packages += ["nodejs", "npm"]
    subprocess.run(["apt-get", "update", "-qq"], check=True)
    subprocess.run(["apt-get", "install", "-y", "-qq", *packages], check=True)
    os.makedirs(NODE, exist_ok=True)
    subprocess.run(["npm", "install", "--ignore-scripts", "--prefix", NODE, "onnxruntime-node@1.30"], check=True)


def build(folder):
    """Builds deepfry in a folder and returns its path."""
    path = os.path.join(folder, "deepfry")
    subprocess.run(["go", "build", "-o", path, "./cmd/deepfry"], check=True, cwd=os.path.join(HERE, "..", ".."))
    return path


def lines(command, threads=1, **variables):
    """Runs a program and returns the JSON objects that it prints, a line each."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS")}
    count = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    environment.update({**count, "NODE_PATH": os.path.join(NODE, "node_modules"), **variables})
    result = subprocess.run(command, stdout=subprocess.PIPE, env=environment, check=True, text=True, cwd=HERE)
    return [json.loads(line) for line in result.stdout.splitlines()]


def peak_mib(command):
    """Returns the most memory that a program held at a time."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=HERE)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise RuntimeError(f"{command}: status {status}")
    return usage.ru_maxrss / 1024
