"""Which processor this is: said beside every figure of speed, because figures of another one are others."""

import platform
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
# What decides how fast int8 is, by how Linux calls it: the first that is there is named.
_PRODUCTS = {
    "avx512_vnni": "AVX-512 VNNI",
    "avx_vnni": "AVX-VNNI",
    "avx512bw": "AVX-512",
    "avx2": "AVX2",
    "i8mm": "I8MM",
    "asimddp": "dot products",
}


def processor_name(cpuinfo: Path = _CPUINFO) -> str:
    """One line, for example "AMD EPYC with AVX-512 VNNI"; where Linux does not tell, what Python knows.

    Args:
        cpuinfo: Linux's description of its processors.
    """
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    name = fields.get("model name") or platform.processor() or platform.machine() or "an unknown processor"
    features = (fields.get("flags") or fields.get("Features") or "").split()
    products = next((words for flag, words in _PRODUCTS.items() if flag in features), None)
    return f"{name} with {products}" if products else name
