#include <filesystem>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/interrupt.h"
#include "cli/progress_line.h"
#include "convert/to_folder.h"
#include "convert/to_gguf.h"
#include "engine/model_store.h"

namespace fullstop::cli {
namespace {

namespace fs = std::filesystem;

struct ConvertOptions {
  std::string model;
  std::string output;
  std::string type = "auto";
  std::string metadata_from;
  std::string shard_size = "5GB";
  bool json = false;
};

void Report(const ConvertOptions& options, const ConvertResult& result) {
  if (options.json) {
    WriteJson({{"output", options.output},
               {"tensors", result.tensors},
               {"bytes", result.bytes},
               {"hash", result.written_hash},
               {"same_protocol", result.written_hash == result.source_hash},
               {"remarks", result.remarks}});
    return;
  }
  WriteOut(options.output + "\n");
  for (const std::string& remark : result.remarks) Remark(remark);
  Remark(Count(result.tensors, "tensor") + ", " + DescribeBytes(result.bytes) +
         ", protocol " + result.written_hash.substr(0, 12));
}

ConvertResult Convert(const ConvertOptions& options,
                      const ConvertProgress& progress) {
  const bool is_folder = fs::is_directory(options.model);
  if (!options.metadata_from.empty()) {
    const GgufFile file = GgufFile::Open(ResolveModel(options.model));
    return GgufWithProtocol(file, HfFolder::Open(options.metadata_from), {},
                            options.output, progress);
  }
  if (!is_folder) {
    if (options.type != "auto") {
      throw Error::Usage("--outtype is for folders that become GGUF files");
    }
    const GgufFile file = GgufFile::Open(ResolveModel(options.model));
    const auto most = ParseBytes(options.shard_size);
    if (!most) {
      throw Error::Usage("--max-shard-size is '" + options.shard_size + "'")
          .Advice("a number of bytes, or one with a unit: 5GB, 500MB");
    }
    return GgufToFolder(file, options.output, progress, *most);
  }
  return FolderToGguf(HfFolder::Open(options.model), options.output,
                      ParseOutType(options.type), progress);
}

int RunConvert(const ConvertOptions& options) {
  CountInterrupts();
  ProgressLine line;
  const ConvertResult result =
      Convert(options, [&line](uint64_t done, uint64_t total) {
        return line.Update(done, total);
      });
  line.Clear();
  if (result.stopped) {
    Remark("stopped: nothing was written");
    return kCancelled;
  }
  Report(options, result);
  return result.complete && result.written_hash == result.source_hash ? kGood
                                                                      : kNo;
}

}  // namespace

void AddConvert(CLI::App& app, Runner& run) {
  const auto options = std::make_shared<ConvertOptions>();
  CLI::App* command = app.add_subcommand(
      "convert",
      "a model written in another format: a folder as GGUF, and back");
  command
      ->add_option("model", options->model,
                   "a Hugging Face folder, or a GGUF file")
      ->type_name("MODEL")
      ->required();
  command
      ->add_option(
          "-o,--output", options->output,
          "the file or folder to write; it appears when it is complete")
      ->type_name("PATH")
      ->required();
  command
      ->add_option("--outtype", options->type,
                   "the type of the matrices: auto (as they are), f32, f16, "
                   "bf16 or q8_0")
      ->type_name("TYPE")
      ->capture_default_str();
  command
      ->add_option("--metadata-from", options->metadata_from,
                   "write the GGUF file MODEL with the vocabulary, the "
                   "template and the stops of FOLDER")
      ->type_name("FOLDER");
  command
      ->add_option("--max-shard-size", options->shard_size,
                   "how large a file of a folder's weights may become")
      ->type_name("SIZE")
      ->capture_default_str();
  command->add_flag("--json", options->json, "print one JSON object");
  AddExamples(*command,
              {{"convert SmolLM2-135M-Instruct -o smollm2.gguf",
                "the weights as they are"},
               {"convert SmolLM2-135M-Instruct -o small.gguf --outtype q8_0",
                "matrices in eight bits"},
               {"convert old.gguf -o folder", "a GGUF file as a folder again"},
               {"convert old.gguf --metadata-from Llama-3.1-8B-Instruct -o "
                "new.gguf",
                "give an old file all stops of its model"}});
  command->callback(
      [options, &run] { run = [options] { return RunConvert(*options); }; });
}

}  // namespace fullstop::cli
