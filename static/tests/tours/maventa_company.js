import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");
const open = (name) => ({
    content: `Open the settings of ${name}`,
    trigger: `.o_kanban_record:contains(${name}) .fw-bold`,
    run: "click",
});
const press = (label) => ({
    content: `Press ${label}`,
    trigger: `.o_form_view .o_statusbar_buttons button:contains(${label})`,
    run: "click",
});
const see = (trigger) => ({ content: `See ${trigger}`, trigger });
const notice = (text) => see(`.o_notification:contains(${text})`);
const state = (text) =>
    see(`.o_statusbar_status .o_arrow_button_current:contains(${text})`);
const turn = {
    content: "Turn the switch in the upper right corner",
    trigger: ".o_field_widget[name=maventa_active] input",
    run: "click",
};
const buttons = ".o_form_view .o_statusbar_buttons";
const isOnlyPrimary = (label) =>
    see(
        `${buttons}:not(:has(.btn-primary ~ .btn-primary)) .btn-primary:contains(${label})`
    );
const isOn = see(".o_field_widget[name=maventa_active] input:checked");
const isOff = see(".o_field_widget[name=maventa_active] input:not(:checked)");
const enter = (name, value) => ({
    content: `Enter ${name}`,
    trigger: `.o_field_widget[name=${name}] input`,
    run: `edit ${value}`,
});
const aboveTheCards = ".o_control_panel button:contains(Register)";
const onTheCard = ".o_kanban_record:contains(Second Oy) a:contains(Register)";
const register = (button) => [
    { content: "Press Register", trigger: button, run: "click" },
    see(".modal .o_field_widget[name=company_id] input:value(Second Oy)"),
    {
        content: "Register the company and the person that are proposed",
        trigger: ".modal footer button[name=action_register]",
        run: "click",
    },
];

tours.add("maventa_new_account", {
    steps: () => [
        {
            content: "Open Maventa from the integrations of the general settings",
            trigger: "#maventa button:contains(Maventa)",
            run: "click",
        },
        ...register(aboveTheCards),
        notice("Second Oy is registered with Maventa"),
        state("Registered"),
        see(".o_field_widget[name=maventa_company_uuid] input:value(-)"),
        see(".o_field_widget[name=maventa_send_by_email] input:disabled"),
        press("Send authentication request"),
        see(".modal .o_field_widget[name=email] input:value(boss@testi.example)"),
        {
            content: "Send the email",
            trigger: ".modal footer button:contains(Send email)",
            run: "click",
        },
        state("Authentication requested"),
        see(".alert-info:contains(boss@testi.example)"),
        press("Refresh"),
        notice("not signed yet"),
    ],
});

tours.add("maventa_signed", {
    steps: () => [
        open("Second Oy"),
        press("Refresh"),
        notice("The authentication is signed"),
        state("Authenticated"),
        see(".o_field_widget[name=maventa_send_by_email] input:enabled"),
        turn,
        see(".modal:contains(To be transferred):contains(1)"),
        {
            content: "Have credit notes go, too",
            trigger: ".modal [name=credit_notes] input[data-value=transfer]",
            run: "click",
        },
        {
            content: "Let the invoice that waits go",
            trigger: ".modal footer button[name=action_switch_on]",
            run: "click",
        },
        isOn,
        see(".alert-info:contains(One invoice waits. The next transfer is at)"),
        {
            content: "Open a test invoice, of a company that is not switched on above",
            trigger: "button[name=action_maventa_test_invoice]",
            run: "click",
        },
        see(".o_field_widget[name=partner_id] input:value(Second Oy)"),
        see(".o_arrow_button_current:contains(Draft)"),
    ],
});

tours.add("maventa_known_person", {
    steps: () => [
        ...register(onTheCard),
        notice("Second Oy is not registered yet"),
        state("Not connected"),
        see(".alert-info:contains(Maventa knows the address boss@testi.example already)"),
        see(".o_field_widget[name=maventa_user_api_key] input"),
        see(".o_field_widget[name=maventa_company_uuid] input"),
    ],
});

tours.add("maventa_business_id_taken", {
    steps: () => [
        ...register(onTheCard),
        see(".alert-info:contains(Maventa has an account for FI20774740 already)"),
        see(".o_field_widget[name=maventa_company_uuid] input"),
    ],
});

tours.add("maventa_existing_account", {
    steps: () => [
        {
            content: "Enter an account that exists",
            trigger:
                ".o_kanban_record:contains(Second Oy) a:contains(Enter an existing account)",
            run: "click",
        },
        isOnlyPrimary("Connect"),
        enter("maventa_user_api_key", " the-key "),
        enter("maventa_company_uuid", "{8F3C1B2A-0D4E-4F60-8A7B-9C0D1E2F3A4B}"),
        press("Connect"),
        notice("boss@testi.example"),
        state("Authentication requested"),
        see(
            ".o_field_widget[name=maventa_company_uuid] input:value(8f3c1b2a-0d4e-4f60-8a7b-9c0d1e2f3a4b)"
        ),
    ],
});

tours.add("maventa_wrong_credentials", {
    steps: () => [
        open("Second Oy"),
        isOnlyPrimary("Register"),
        enter("maventa_user_api_key", "wrong"),
        enter("maventa_company_uuid", "8f3c1b2a-0d4e-4f60-8a7b-9c0d1e2f3a4b"),
        isOnlyPrimary("Connect"),
        press("Connect"),
        see(".modal:contains(Maventa refuses the user API key or the company UUID)"),
        {
            content: "Close the message",
            trigger: ".modal footer button",
            run: "click",
        },
        see(
            ".o_field_widget[name=maventa_company_uuid] input:value(8f3c1b2a-0d4e-4f60-8a7b-9c0d1e2f3a4b)"
        ),
        turn,
        see(".modal a:contains(Have the authentication signed)"),
        {
            content: "Close what is missing",
            trigger: ".modal footer button:contains(Close)",
            run: "click",
        },
        isOff,
    ],
});

tours.add("maventa_refused_save", {
    steps: () => [
        open("company_1_data"),
        enter("maventa_notification_email", "nobody"),
        turn,
        {
            content: "What is wrong is named",
            trigger: ".modal:contains(is no email address) button:contains(Close)",
            run: "click",
        },
        isOff,
        see(".o_field_widget[name=maventa_notification_email] input:value(nobody)"),
        {
            content: "Discard the change",
            trigger: ".o_form_button_cancel",
            run: "click",
        },
    ],
});

tours.add("maventa_sent_status", {
    steps: () => [
        open("company_1_data"),
        turn,
        {
            content: "The mark is named, and the statuses are opened",
            trigger:
                ".modal:contains(Status of the invoices to be transferred can not be sent) button:contains(Open the invoice statuses)",
            run: "click",
        },
        {
            content: "Take the mark away",
            trigger:
                ".o_data_row:contains(Ready) td[name=is_sent] input:checked",
            run: "click",
        },
        see(
            ".o_data_row:contains(Ready) td[name=is_sent] input:not(:checked)"
        ),
        {
            content: "Go back",
            trigger: ".o_breadcrumb .o_back_button, .breadcrumb-item:last a",
            run: "click",
        },
        turn,
        isOn,
    ],
});

tours.add("maventa_companies", {
    steps: () => [
        { content: "Press Register", trigger: aboveTheCards, run: "click" },
        see(".modal .o_field_widget[name=company_id] input:value(/^$/)"),
        {
            content: "Choose none of the companies",
            trigger: ".modal footer button:contains(Discard)",
            run: "click",
        },
        see(
            ".o_kanban_group:contains(Companies already registered) .o_kanban_record:contains(company_1_data):contains(On)"
        ),
        see(
            ".o_kanban_group:contains(Not registered yet) .o_kanban_record:contains(Branch with VAT) a:contains(Register)"
        ),
        see(
            ".o_kanban_group:contains(registered) .o_kanban_record:contains(Branch without VAT):contains(no VAT number of its own)"
        ),
        open("Second Oy"),
        see(".o_statusbar_buttons button:contains(Register)"),
    ],
});
