#include "cli/commands/arithmetic.h"
#include "cli/commands/foresee.h"
#include "cli/commands/schedulers.h"
#include "cli/commands/sweep_plot.h"
#include "cli/common.h"
#include "cli/json_read.h"
#include "cli/output.h"

#include <string.h>

/* A kind of JSON, as the member `kind` of its object names it, and who draws it: root is the whole
 * object. Returns CLI_SUCCESS, or CLI_FAILURE after a sentence and with no file left. */
typedef struct picture {
    const char *kind;
    int (*draw)(const cli_command *command, const cli_value *root, const char *path);
} picture;

static const picture pictures[] = {
    {"foresee", cli_foresight_plot_json},
    {"run", cli_arithmetic_plot},
    {"schedulers", cli_comparison_plot},
    {"sweep", cli_sweep_plot},
};
enum { N_PICTURES = sizeof pictures / sizeof pictures[0] };

static const char kinds[] =
    "what dagpole schedulers --json, foresee --json, run --roof --json and perf/sweep --json print";

static int draw(const cli_command *self, const char *input, const cli_value *root,
                const char *path) {
    const char *kind = cli_value_text(root, "kind", NULL);
    for (int i = 0; kind && i < N_PICTURES; i++)
        if (strcmp(kind, pictures[i].kind) == 0)
            return pictures[i].draw(self, root, path);
    if (kind)
        return cli_fail(self,
                        "'%s' is of the kind '%.40s', of which there is no picture: plot "
                        "draws %s",
                        input, kind, kinds);
    return cli_fail(self, "'%s' is not dagpole's: plot draws %s", input, kinds);
}

static int plot_main(const cli_command *self, int argc, char **argv) {
    const char *operand[2];
    cli_document document;
    int code = cli_parse(self, 0, NULL, argc, argv, operand);
    if (code == CLI_PROCEED)
        code = cli_targets_check(self, operand[0], 1,
                                 &(cli_target){"OUT.svg", operand[1], cli_output_check});
    if (code == CLI_PROCEED)
        code = cli_document_read(self, cli_points_path(operand[0]), &document);
    if (code != CLI_PROCEED)
        return code;
    code = draw(self, operand[0], document.value, operand[1]);
    cli_document_free(&document);
    return code;
}

const cli_command cli_plot = {"plot", "RESULT.json OUT.svg",
                              "Draws figures that were printed as JSON.", plot_main};
