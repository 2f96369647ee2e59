"""`python -m mixminus.prompts.io.flite_worker`: English text in, WAV out, by Flite in a WebAssembly sandbox.

The sandbox sees one folder and no network, so the text can do no more than be spoken badly.
"""

from importlib import resources
from pathlib import Path
from typing import Final

import wasmtime

from mixminus.prompts.io.jobs import Job, serve
from mixminus.prompts.prompt import INTERNAL, PromptError

# 4096 characters take `slt` 225 MB: an utterance is kept whole until it is spoken.
_MEMORY_BYTES: Final = 512 * 1024**2


class Flite:
    """The compiled program; every sentence runs in an instance of its own."""

    def __init__(self) -> None:
        self._engine = wasmtime.Engine()
        program = resources.files("mixminus.prompts") / "flite" / "flite.wasm"
        self._module = wasmtime.Module(self._engine, program.read_bytes())

    def say(self, job: Job) -> Job:
        """Speak `text` with `voice` into the file `wav`."""
        wav = Path(job["wav"])
        store = wasmtime.Store(self._engine)
        store.set_limits(memory_size=_MEMORY_BYTES)
        wasi = wasmtime.WasiConfig()
        wasi.argv = ["flite", "-voice", job["voice"], "-t", job["text"], "-o", f"/out/{wav.name}"]
        wasi.preopen_dir(str(wav.parent), "/out")
        store.set_wasi(wasi)
        linker = wasmtime.Linker(self._engine)
        linker.define_wasi()
        start = linker.instantiate(store, self._module).exports(store)["_start"]
        assert isinstance(start, wasmtime.Func)
        try:
            start(store)
        except wasmtime.ExitTrap as ended:
            if ended.code:
                raise PromptError(INTERNAL, f"flite ended with {ended.code}") from ended
        return {}


if __name__ == "__main__":
    serve(Flite().say, memory_bytes=None)
