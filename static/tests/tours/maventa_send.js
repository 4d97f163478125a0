import { registry } from "@web/core/registry";

const OPEN_SEND = [
    {
        content: "Open the invoice",
        trigger: ".o_data_row:eq(0) td[name=name]",
        run: "click",
    },
    {
        content: "Open the Send dialog",
        trigger: ".o_form_view button[name=action_invoice_sent]:visible",
        run: "click",
    },
];

registry.category("web_tour.tours").add("maventa_send", {
    steps: () => [
        ...OPEN_SEND,
        {
            content: "Maventa is ticked by itself, and says that it is a test",
            trigger:
                ".modal [name=sending_method_checkboxes] .form-check:contains('by Maventa (test)') input:checked",
        },
        {
            content: "Email is not",
            trigger:
                ".modal [name=sending_method_checkboxes] .form-check:contains('by Email') input:not(:checked)",
        },
        {
            content: "No e-mail is left to be written",
            trigger: ".modal:not(:has([name=subject]:visible)) button[name=action_send_and_print]",
            run: "click",
        },
        {
            content: "It is being transferred",
            trigger: ".o_notification:contains(The invoice is being transferred.)",
        },
        {
            content: "The dialog is closed and the invoice waits",
            trigger:
                "body:not(:has(.modal)) [name=maventa_status_id] input:value(To be transferred)",
        },
    ],
});

registry.category("web_tour.tours").add("maventa_send_greyed", {
    steps: () => [
        ...OPEN_SEND,
        {
            content: "Maventa can't be chosen, and the reason is there",
            trigger:
                ".modal .form-check:contains('by Maventa (test, At Maventa already)') input:disabled",
        },
    ],
});

registry.category("web_tour.tours").add("maventa_send_twice", {
    steps: () => [
        {
            content: "Open the invoice",
            trigger: ".o_data_row:eq(0) td[name=name]",
            run: "click",
        },
        {
            content: "Open the statuses",
            trigger: ".o_form_view [name=maventa_status_id] input",
            run: "click",
        },
        {
            content: "Choose that it is to be transferred",
            trigger: ".o-autocomplete--dropdown-item:contains(To be transferred)",
            run: "click",
        },
        {
            content: "It has been mailed, so a yes is asked for",
            trigger: ".modal:contains(Sent by e-mail already) button:contains(Send a second time)",
            run: "click",
        },
        {
            content: "It is being transferred",
            trigger: ".o_notification:contains(The invoice is being transferred.)",
        },
        {
            content: "The form shows it, with nothing left to save",
            trigger:
                ".o_form_saved [name=maventa_status_id] input:value(To be transferred)",
        },
    ],
});

registry.category("web_tour.tours").add("maventa_operator", {
    steps: () => [
        {
            content: "Open the billing tab",
            trigger: ".nav-link[name=accounting]",
            run: "click",
        },
        {
            content: "Look for an operator",
            trigger: "[name=maventa_operator] input",
            run: "edit basw",
        },
        {
            content: "Choose it",
            trigger: ".o-autocomplete--dropdown-item:contains(Basware Oyj) a",
            run: "click",
        },
        {
            content: "Its code is there",
            trigger: "[name=maventa_operator] input:value(BAWCFI22)",
        },
        {
            content: "Save",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "It is saved; enter another that is not in the list",
            trigger: ".o_form_saved [name=maventa_operator] input",
            run: "edit MYOWN && press Tab",
        },
        {
            content: "Save",
            trigger: ".o_form_button_save",
            run: "click",
        },
        { content: "It is saved", trigger: ".o_form_saved" },
    ],
});

registry.category("web_tour.tours").add("maventa_graph", {
    steps: () => [
        {
            content: "Open the graph",
            trigger: ".o_switch_view.o_graph",
            run: "click",
        },
        {
            content: "What has no channel yet is grey, what has one is not",
            trigger: ".o_graph_canvas_container canvas",
            run({ anchor }) {
                const { datasets } = window.Chart.getChart(anchor).data;
                const colours = Object.fromEntries(
                    datasets.map((each) => [each.label, each.backgroundColor])
                );
                const { "No channel yet": nothing, "E-mail": email } = colours;
                if (nothing !== "#9aa0a6" || !email || email === nothing) {
                    throw new Error(JSON.stringify(colours));
                }
            },
        },
    ],
});
