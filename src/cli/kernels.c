/* Kernels and their parameters as options, as the library lists them. */
#include "cli/common.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* ---- options ------------------------------------------------------------------------------ */

/* "wave_number" as "--wave-number". */
static void name_option(const char *parameter, char name[32]) {
    snprintf(name, 32, "--%s", parameter);
    for (char *at = name; *at; at++)
        if (*at == '_')
            *at = '-';
}

/* Kernels may share a parameter; those beyond the room have no option. */
static void add_parameter(cli_plan_choice *choice, const char *kernel, const char *parameter) {
    char name[32];
    name_option(parameter, name);
    for (int i = 0; i < CLI_MOST_PARAMETERS; i++) {
        cli_parameter *p = &choice->parameter[i];
        if (*p->name && strcmp(p->name, name) != 0)
            continue;
        const char *before = *p->name ? p->help : "of the kernel";
        char help[sizeof p->help];
        snprintf(help, sizeof help, "%.40s %.20s", before, kernel);
        memcpy(p->help, help, sizeof help);
        memcpy(p->name, name, sizeof name);
        memcpy(p->argument, "X", 2);
        p->value = NAN;
        return;
    }
}

cli_plan_choice cli_plan_choice_default(void) {
    cli_plan_choice choice = {.kernel = "laplace"};
    const char *name, *parameter;
    dagpole_kernel kernel;
    dagpole_plan_options_init(&choice.plan);
    for (int i = 0; (name = dagpole_kernel_name(i)); i++) {
        /* a callback has no name here */
        if (dagpole_kernel_find(name, &kernel) != DAGPOLE_OK || kernel == DAGPOLE_USER)
            continue;
        size_t length = strlen(choice.kernels);
        snprintf(choice.kernels + length, sizeof choice.kernels - length, "%s%s", length ? "|" : "",
                 name);
        for (int k = 0; (parameter = dagpole_kernel_parameter(kernel, k)); k++)
            add_parameter(&choice, name, parameter);
    }
    return choice;
}

static const cli_parameter *find_option(const cli_plan_choice *choice, const char *parameter) {
    char name[32];
    name_option(parameter, name);
    for (int i = 0; i < CLI_MOST_PARAMETERS; i++)
        if (strcmp(choice->parameter[i].name, name) == 0)
            return &choice->parameter[i];
    return NULL;
}

/* The options that go with the kernel are those of its parameters. */
static int check_others(const cli_command *command, const cli_plan_choice *choice) {
    for (int i = 0; i < CLI_MOST_PARAMETERS; i++) {
        const cli_parameter *p = &choice->parameter[i];
        const char *parameter;
        int is_its_own = 0;
        for (int k = 0; (parameter = dagpole_kernel_parameter(choice->plan.kernel, k)); k++)
            is_its_own |= find_option(choice, parameter) == p;
        if (*p->name && !isnan(p->value) && !is_its_own)
            return cli_usage(command, "%s is %s, not of %s", p->name, p->help, choice->kernel);
    }
    return CLI_PROCEED;
}

/* The first of a kernel's parameters must be given. */
int cli_plan_choice_check(const cli_command *command, cli_plan_choice *choice) {
    const char *parameter;
    char given[128] = "";
    int64_t bytes;
    if (dagpole_kernel_find(choice->kernel, &choice->plan.kernel) != DAGPOLE_OK)
        return cli_usage(command, "%s", dagpole_last_error());
    for (int k = 0; (parameter = dagpole_kernel_parameter(choice->plan.kernel, k)); k++) {
        const cli_parameter *p = find_option(choice, parameter);
        size_t length = strlen(given);
        if (k == 0 && (!p || isnan(p->value)))
            return cli_usage(command, "--kernel %s needs %s, a number", choice->kernel,
                             p ? p->name : parameter);
        if (!p || isnan(p->value))
            continue;
        snprintf(given + length, sizeof given - length, " %s %g", p->name, p->value);
        if (dagpole_plan_options_set(&choice->plan, parameter, p->value) != DAGPOLE_OK)
            return cli_usage(command, "%s: %s", p->name, dagpole_last_error());
    }
    if (dagpole_plan_estimate(&choice->plan, 1, 1, &bytes) == DAGPOLE_BAD_ARGUMENT)
        return cli_usage(command, "--kernel %s%s: %s", choice->kernel, given, dagpole_last_error());
    return check_others(command, choice);
}

/* ---- reports ------------------------------------------------------------------------------ */

const char *cli_kernel_name(dagpole_kernel kernel) {
    dagpole_kernel_info info = cli_kernel_info(kernel);
    return info.name ? info.name : "?";
}

dagpole_kernel_info cli_kernel_info(dagpole_kernel kernel) {
    dagpole_kernel_info info = {.size = sizeof info};
    if (dagpole_kernel_query(kernel, &info) != DAGPOLE_OK)
        info = (dagpole_kernel_info){.size = sizeof info};
    return info;
}

const char *cli_report_parameter(const dagpole_report *report, int i, double *value) {
    static const struct {
        const char *name;
        size_t offset;
    } members[] = {{"lambda", offsetof(dagpole_report, lambda)},
                   {"wave_number", offsetof(dagpole_report, wave_number)},
                   {"damping", offsetof(dagpole_report, damping)}};
    const char *name = dagpole_kernel_parameter(report->kernel, i);
    *value = NAN;
    for (size_t k = 0; name && k < sizeof members / sizeof members[0]; k++)
        if (strcmp(members[k].name, name) == 0)
            memcpy(value, (const char *)report + members[k].offset, sizeof *value);
    return name;
}

const char *cli_report_parameters(const dagpole_report *report) {
    static char text[128];
    const char *name;
    double value;
    *text = '\0';
    for (int i = 0; (name = cli_report_parameter(report, i, &value)); i++) {
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, ", %s %g", name, value);
    }
    return text;
}

void cli_report_kernel_json(cli_json *json, const dagpole_report *report) {
    const char *name;
    double value;
    cli_json_text(json, "kernel", cli_kernel_name(report->kernel));
    for (int i = 0; (name = cli_report_parameter(report, i, &value)); i++)
        cli_json_real(json, name, value);
}

dagpole_status cli_options_of(const dagpole_report *report, dagpole_plan_options *options) {
    const char *name;
    double value;
    dagpole_status status = DAGPOLE_OK;
    options->kernel = report->kernel;
    for (int i = 0; status == DAGPOLE_OK && (name = cli_report_parameter(report, i, &value)); i++)
        status = dagpole_plan_options_set(options, name, value);
    return status;
}
