// Runs one script in npm's MicroPython VM: node run.mjs '{"vm": ".../micropython.mjs", "script": "/x/y.py", ...}'
// The job's fields are those of start_wasm() in tools/desk/runtimes.py. The exit status is the script's.
// What the VM lacks is lent to it: files (as copies), arguments, an environment and a UART on a pty.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const EIO = 5;
const LARGEST_FILE = 1 << 20; // what is longer is no test data
const READ_AHEAD = 4096; // bytes taken from the pty while waiting

const job = JSON.parse(process.argv[2]);

function writeAll(data) {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    let at = 0;
    while (at < bytes.length) {
        try {
            at += fs.writeSync(1, bytes, at);
        } catch (error) {
            if (error.code !== "EAGAIN") throw error;
            pause(1); // a pipe whose reader is slow
        }
    }
}

function pause(ms) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

// --- files: every host file keeps its absolute name in the VM -----------------------------------------------------

// Folders are made and files copied once each: the VM's own check whether there is one costs more than the copying.
const copied = new Set();

function isNew(name) {
    if (copied.has(name)) return false;
    copied.add(name);
    return true;
}

function makeFolder(FS, name) {
    if (isNew(name)) FS.mkdirTree(name);
}

function copyIn(FS, name) {
    const stat = fs.statSync(name);
    if (stat.isDirectory()) {
        makeFolder(FS, name);
        for (const entry of fs.readdirSync(name)) {
            if (!entry.startsWith(".") && !["__pycache__", "node_modules"].includes(entry)) {
                copyIn(FS, path.join(name, entry));
            }
        }
    } else if (stat.isFile() && stat.size <= LARGEST_FILE && isNew(name)) {
        makeFolder(FS, path.dirname(name));
        FS.writeFile(name, fs.readFileSync(name));
    }
}

// --- the UART: addresses and counts cross the border, so that no byte is copied and no object made -----------------

class Uart {
    constructor(memory, device) {
        this.memory = memory;
        const raw = spawnSync("stty", ["-F", device, "raw", "-echo"], { encoding: "utf8" });
        if (raw.status !== 0) throw new Error(`stty could not make ${device} raw: ${raw.stderr || raw.error}`);
        this.fd = fs.openSync(device, fs.constants.O_RDWR | fs.constants.O_NOCTTY | fs.constants.O_NONBLOCK);
        this.ahead = Buffer.alloc(READ_AHEAD);
        this.first = 0;
        this.end = 0;
    }

    // Bytes moved, -1 where it would block, below that a negative errno.
    transfer(move) {
        try {
            return move() || -1 - EIO; // 0 bytes: the other end is gone
        } catch (error) {
            return error.code === "EAGAIN" ? -1 : -1 - (error.errno ? Math.abs(error.errno) : EIO);
        }
    }

    readinto(address, size) {
        const n = Math.min(size, this.end - this.first);
        if (n) {
            this.ahead.copy(this.memory(), address, this.first, this.first + n);
            this.first += n;
            return n;
        }
        return this.transfer(() => fs.readSync(this.fd, this.memory(), address, size, null));
    }

    write(address, size) {
        return this.transfer(() => fs.writeSync(this.fd, this.memory(), address, size));
    }

    // Whether there is something to read, at the latest after so many milliseconds.
    wait(ms) {
        const end = performance.now() + ms;
        while (this.first === this.end) {
            const n = this.transfer(() => fs.readSync(this.fd, this.ahead, 0, READ_AHEAD, null));
            if (n < -1) return true; // the next read tells the error
            this.first = 0;
            this.end = Math.max(n, 0);
            if (n < 0) {
                if (performance.now() >= end) return false;
                pause(1);
            }
        }
        return true;
    }

    // Bound functions: the VM keeps what it has looked up once.
    module() {
        return {
            readinto: (address, size) => this.readinto(address, size),
            write: (address, size) => this.write(address, size),
            wait: (ms) => this.wait(ms),
            sleep_ms: (ms) => pause(ms),
            ticks_ms: () => Math.floor(performance.now()) & 0x3fffffff,
        };
    }
}

// --- the script -----------------------------------------------------------------------------------------------------

const START = `
import sys, wasm_env
sys.path[:] = wasm_env.path.split(chr(10)) + [".frozen"]
sys.argv[:] = wasm_env.argv.split(chr(10))
def _start(script):
    try:
        with open(script) as file:
            text = file.read()
        exec(compile(text, script, "exec"), {"__name__": "__main__", "__file__": script})
    except SystemExit as end:
        return end.args[0] if end.args else 0
    except BaseException as error:
        sys.print_exception(error)
        return 1
    return 0
wasm_env.end(_start(sys.argv[0]))
`;

function exitStatus(value) {
    if (value === null || value === undefined) return 0;
    return typeof value === "number" ? value & 255 : 1;
}

// The VM's loader looks a function up in the table of functions at each call that may raise, and once more to check its
// own copy of the table. That was a quarter of all the time, as the engine's lookup is slow; this one is not.
function rememberFunctions() {
    const table = WebAssembly.Table.prototype;
    const { get, set } = table;
    table.get = function (index) {
        const known = (this.known ??= []);
        return (known[index] ??= get.call(this, index));
    };
    table.set = function (index, value) {
        this.known = [];
        return set.call(this, index, value);
    };
}

async function main() {
    rememberFunctions();
    const { loadMicroPython } = await import(pathToFileURL(job.vm));
    const vm = await loadMicroPython({ heapsize: job.heap, stdout: writeAll, stderr: writeAll, linebuffer: false });
    for (const name of [job.script, ...job.path, ...job.files]) copyIn(vm.FS, name);
    let status = 1;
    vm.registerJsModule("wasm_env", {
        path: job.path.join("\n"),
        argv: [job.script, ...job.arguments].join("\n"),
        get: (name) => job.environment[name] ?? "",
        end: (value) => { status = exitStatus(value); },
    });
    if (job.uart) vm.registerJsModule("wasm_uart", new Uart(() => vm._module.HEAPU8, job.uart).module());
    vm.runPython(START);
    process.exit(status);
}

main().catch((error) => {
    console.error(`run.mjs: ${error.message}`);
    process.exit(1);
});
