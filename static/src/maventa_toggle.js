import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import {
    booleanToggleField,
    BooleanToggleField,
} from "@web/views/fields/boolean_toggle/boolean_toggle_field";

/** The switch of the integration: says first what is missing or what will be sent. */
export class MaventaToggle extends BooleanToggleField {
    setup() {
        super.setup();
        this.action = useService("action");
        this.orm = useService("orm");
    }

    async onChange(newValue) {
        const { name, record } = this.props;
        if (!newValue) {
            return super.onChange(newValue);
        }
        const show = async () => {
            await record.load();
            this.state.value = record.data[name];
        };
        // Also on the screen, so that it can go back when saving is refused.
        this.state.value = newValue;
        let saved = false;
        try {
            saved = await record.save();
        } finally {
            if (!saved) {
                this.state.value = record.data[name];
            }
        }
        if (!saved) {
            return;
        }
        try {
            const ids = [record.resId];
            const dialog = await this.orm.call(
                record.resModel,
                "action_maventa_switch_on",
                ids
            );
            if (dialog) {
                await this.action.doAction(dialog, { onClose: show });
            }
        } finally {
            await show();
        }
    }
}

registry.category("fields").add("maventa_toggle", {
    ...booleanToggleField,
    component: MaventaToggle,
});
