#include "cli/data_arguments.h"

#include <CLI/Validators.hpp>
#include <filesystem>

#include "base/error.h"
#include "cli/arguments.h"

namespace fullstop::cli {
namespace {

namespace fs = std::filesystem;

RawColumns ReadColumns(const std::string& given) {
  const size_t colon = given.rfind(':');
  if (colon == std::string::npos) {
    throw Error::Usage("--columns is FILE:NAME")
        .Advice("as in --columns dataset_info.json:my_data");
  }
  return RawColumns::Read(given.substr(0, colon), given.substr(colon + 1));
}

bool AreOneFile(const std::string& a, const std::string& b) {
  std::error_code error;
  const auto whole = [&error](const std::string& path) {
    return fs::weakly_canonical(fs::absolute(path), error);
  };
  return whole(a) == whole(b) || fs::equivalent(a, b, error);
}

}  // namespace

void DataArguments::AddReading(CLI::App* command) {
  command
      ->add_option("--columns", columns,
                   "how the columns of the data are called: an entry of "
                   "LLaMA-Factory's dataset_info.json")
      ->type_name("FILE:NAME");
  command
      ->add_option("--cutoff", cutoffs,
                   "what a cut at so many ids would take away")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(AtLeast(1))
      ->type_name("N,…");
  command
      ->add_option(
          "--trainer", trainer,
          "a recipe of LLaMA-Factory (YAML): predicts what it makes of "
          "the rows")
      ->type_name("FILE");
}

void DataArguments::AddParting(CLI::App* command) {
  command
      ->add_option("--emit", emit,
                   "write the rows without a finding above a note, each "
                   "conversation once, as JSONL")
      ->type_name("FILE");
  command
      ->add_option("--rejects", rejects,
                   "write the others, each with its reasons")
      ->type_name("FILE");
}

void DataArguments::Check() const {
  if (emit.empty() && rejects.empty()) return;
  if (files.size() != 1) {
    throw Error::Usage("--emit and --rejects part one file at a time");
  }
  if (!emit.empty() && !rejects.empty() && AreOneFile(emit, rejects)) {
    throw Error::Usage("--emit and --rejects are one file");
  }
  for (const std::string& out : {emit, rejects}) {
    if (out.empty() || !AreOneFile(out, files.front())) continue;
    throw Error::Usage("the rows would be written over themselves").In(out);
  }
}

RowContext DataArguments::Context(const Target* target) const {
  RowContext context(target);
  if (!columns.empty()) context.columns = ReadColumns(columns);
  const bool renders = !cutoffs.empty() || !trainer.empty();
  if (renders && !context.labeller) {
    throw Error::Usage(
        "--cutoff and --trainer count ids: they need a model with a template");
  }
  context.cutoffs = cutoffs;
  if (!trainer.empty()) {
    context.trainer = TrainerSettings::Read(trainer);
    context.trainer_ends = EndsOf(*context.trainer, target->protocol());
  }
  return context;
}

}  // namespace fullstop::cli
