import Foundation
import TestSupport
import Testing

@Suite("Munin: the plugins as files")
struct PluginSourceTests {
    @Test("they can be run, compile without a warning, and need nothing beyond Python's own library")
    func sources() async throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: MuninPlugin.folder)
        let plugins = names.filter { $0.hasPrefix("wormhole_") }
        #expect(Set(plugins) == Set(MuninPlugin.originals.map(\.name) + ["wormhole_"]))
        for plugin in plugins {
            #expect(FileManager.default.isExecutableFile(atPath: MuninPlugin.folder + "/" + plugin), "\(plugin)")
        }
        // Munin would take an executable module for a plugin.
        #expect(!FileManager.default.isExecutableFile(atPath: MuninPlugin.folder + "/munin_wormhole.py"))
        let script = """
            import ast, pathlib, py_compile, sys, warnings
            warnings.simplefilter("error")
            for number, path in enumerate(sys.argv[2:]):
                py_compile.compile(path, cfile=f"{sys.argv[1]}/{number}.pyc", doraise=True)
                for node in ast.walk(ast.parse(pathlib.Path(path).read_text())):
                    if isinstance(node, ast.Import):
                        modules = [name.name for name in node.names]
                    elif isinstance(node, ast.ImportFrom):
                        modules = [node.module]
                    else:
                        continue
                    for module in modules:
                        if module.split(".")[0] not in sys.stdlib_module_names | {"munin_wormhole"}:
                            sys.exit(f"{path} imports {module}")
                print(path)
            """
        let folder = try TemporaryFolder()
        let files = (plugins + ["munin_wormhole.py"]).map { MuninPlugin.folder + "/" + $0 }
        let child = try ChildProcess("/usr/bin/python3", ["-W", "error", "-B", "-c", script, folder.path] + files)
        #expect(try await child.end() == .exited(0), "\(child.transcript)")
        #expect(child.errors == "" && child.output.split(separator: "\n").count == files.count)
    }

    @Test("each is documented for munindoc", arguments: MuninPlugin.originals + [MuninPlugin("wormhole_")])
    func documentation(plugin: MuninPlugin) async throws {
        let check = try ChildProcess("podchecker", ["-warnings", "-warnings", MuninPlugin.folder + "/" + plugin.name])
        #expect(try await check.end() == .exited(0))
        #expect(check.errors + check.output == "\(MuninPlugin.folder)/\(plugin.name) pod syntax OK.\n")
    }

    @Test("munindoc shows it, found by its link")
    func munindoc() async throws {
        let machine = try await MuninMachine(section: [])
        // Whoever follows the README links it from elsewhere.
        let elsewhere = machine.folder.path + "/elsewhere"
        try FileManager.default.moveItem(atPath: machine.plugins, toPath: elsewhere)
        try FileManager.default.createDirectory(atPath: machine.plugins, withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(
            atPath: machine.folder.path + "/etc/munin/plugins/wormhole_transit",
            withDestinationPath: elsewhere + "/wormhole_"
        )
        let page = try await machine.run(program: "munindoc", "wormhole_transit")
        #expect(page.status == 0, "\(page)")
        for text in ["CONFIGURATION", "env.usagedb", "INTERPRETATION", "family=auto", "capabilities=autoconf suggest"] {
            #expect(page.output.contains(text), "\(text)")
        }
    }
}
